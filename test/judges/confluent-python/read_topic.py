"""Judge: what do Confluent's own Python deserializers make of records whose schemas a registry keeps?

pip install -r requirements.txt
python read_topic.py BOOTSTRAP TOPIC REGISTRY_URL avro|json-schema

Reads the topic from start to end, read_committed, and prints a line for each record: {"key":…,"value":…}, where a number is
{"number":"1.50"} and bytes are {"bytes":"base64"}. Exit status 1 at the first record that a deserializer refuses:
REFUSED offset why.
"""
import base64
import json
import sys
from decimal import Decimal

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

boot, topic, url, form = sys.argv[1:5]
registry = SchemaRegistryClient({"url": url})


def deserializer():
    if form == "avro":
        return AvroDeserializer(registry)
    # Without this a JSON number becomes a double.
    return JSONDeserializer(None, schema_registry_client=registry, json_decode=lambda text: json.loads(text, parse_float=Decimal))


def plain(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float, Decimal)):
        return {"number": str(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return {name: plain(one) for name, one in value.items()}


def main():
    keys, values = deserializer(), deserializer()
    consumer = Consumer({"bootstrap.servers": boot, "group.id": "judge", "enable.auto.commit": False,
                         "auto.offset.reset": "earliest", "enable.partition.eof": True, "isolation.level": "read_committed"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    while True:
        message = consumer.poll(15)
        if message is None:
            raise SystemExit("no end of the partition within 15 s")
        if message.error():
            if message.error().code() == KafkaError._PARTITION_EOF:
                break
            raise SystemExit(str(message.error()))
        try:
            key = keys(message.key(), SerializationContext(topic, MessageField.KEY, message.headers()))
            value = values(message.value(), SerializationContext(topic, MessageField.VALUE, message.headers()))
        except Exception as error:  # whatever it is, the record is refused
            print(f"REFUSED {message.offset()} {error!r}")
            sys.exit(1)
        print(json.dumps({"key": plain(key), "value": plain(value)}))
    consumer.close()


main()
