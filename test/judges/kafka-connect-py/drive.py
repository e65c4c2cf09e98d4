"""Leads a connector through its life with the client kafka-connect-py: create, update, read, pause, resume, restart, stop, delete.

Words: the address of the REST API, and the configuration of a connector as JSON, without a name. Writes one line of JSON for each call:
{"call": name of the method, "gave": what it returned} or {"call": ..., "raised": status code of the HTTP error}.
What a cluster does later than it answers is asked for again, for a minute at most, and written once.
"""

import json
import sys
import time

from kafka_connect import KafkaConnect
from requests.exceptions import HTTPError

client = KafkaConnect(url=sys.argv[1])
config = json.loads(sys.argv[2])
name = "driven"


def answer(method, *arguments, **named):
    try:
        return {"call": method, "gave": getattr(client, method)(*arguments, **named)}
    except HTTPError as error:
        return {"call": method, "raised": error.response.status_code if error.response is not None else str(error)}


def call(method, *arguments, until=lambda gave: True, **named):
    deadline = time.monotonic() + 60
    line = answer(method, *arguments, **named)
    while not until(line.get("gave")) and time.monotonic() < deadline:
        time.sleep(0.2)
        line = answer(method, *arguments, **named)
    print(json.dumps(line), flush=True)


def is_state(state, tasks=1):
    def reached(status):
        states = [task["state"] for task in status["tasks"]]
        return [status["connector"]["state"], *states] == [state] * (tasks + 1)

    return reached


def has_topic(topics):
    return len(topics[name]["topics"]) == 1


call("get_cluster_info")
call("list_connector_plugins")
call("validate_connector_config", config["connector.class"], {**config, "name": name})
call("create_connector", {"name": name, "config": config})
call("create_connector", {"name": name, "config": config})
call("get_connector_status", name, until=is_state("RUNNING"))
call("list_connectors", expand="status", state="running")
call("update_connector", name, {**config, "tasks.max": "1"})
call("get_connector", name)
call("get_connector_config", name)
call("get_connector_status", name, until=is_state("RUNNING"))
call("list_connector_tasks", name)
call("get_connector_task_status", name, 0)
call("list_connector_topics", name, until=has_topic)
call("reset_connector_topics", name)
call("pause_connector", name)
call("get_connector_status", name, until=is_state("PAUSED"))
call("resume_connector", name)
call("get_connector_status", name, until=is_state("RUNNING"))
call("restart_connector", name)
call("restart_connector", name, include_tasks=True, only_failed=False)
call("get_connector_status", name, until=is_state("RUNNING"))
call("restart_connector_task", name, 0)
call("restart_connector_task", name, 7)
call("stop_connector", name)
call("get_connector_status", name, until=is_state("STOPPED", tasks=0))
call("delete_connector", name)
call("get_connector", name)
call("list_connectors")
