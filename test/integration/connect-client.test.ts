import { expect, it } from 'vitest'
import { ownPeer, startOwnServer } from '../connect/own-peer.ts'
import { driveWithPython } from '../servers/connect-client.ts'

it('kafka-connect-py leads a connector of ours through its life', async () => {
  await using server = await startOwnServer()
  const { config } = ownPeer(server.url)
  const calls = await driveWithPython(server.url, config)
  const info = { name: 'driven', type: 'source', tasks: [{ connector: 'driven', task: 0 }] }
  const status = (state: string, tasks: readonly string[]): object => ({
    name: 'driven',
    connector: { state },
    tasks: tasks.map((each, id) => ({ id, state: each })),
  })
  expect(calls).toMatchObject([
    { call: 'get_cluster_info', gave: { version: expect.any(String), kafka_cluster_id: expect.any(String) } },
    { call: 'list_connector_plugins', gave: expect.arrayContaining([expect.objectContaining({ type: 'source' })]) },
    { call: 'validate_connector_config', gave: { error_count: 0 } },
    { call: 'create_connector', gave: { ...info, config: { ...config, name: 'driven' } } },
    { call: 'create_connector', raised: 409 },
    { call: 'list_connectors', gave: { driven: { status: status('RUNNING', ['RUNNING']) } } },
    { call: 'update_connector', gave: info },
    { call: 'get_connector', gave: info },
    { call: 'get_connector_config', gave: { ...config, name: 'driven', 'tasks.max': '1' } },
    { call: 'get_connector_status', gave: status('RUNNING', ['RUNNING']) },
    { call: 'list_connector_tasks', gave: [{ id: { connector: 'driven', task: 0 } }] },
    { call: 'get_connector_task_status', gave: { id: 0, state: 'RUNNING' } },
    { call: 'list_connector_topics', gave: { driven: { topics: ['dynamodb.orders'] } } },
    { call: 'reset_connector_topics', gave: null },
    { call: 'pause_connector', gave: null },
    { call: 'get_connector_status', gave: status('PAUSED', ['PAUSED']) },
    { call: 'resume_connector', gave: null },
    { call: 'get_connector_status', gave: status('RUNNING', ['RUNNING']) },
    { call: 'restart_connector', gave: null },
    { call: 'restart_connector', gave: { name: 'driven' } },
    { call: 'restart_connector_task', gave: null },
    { call: 'restart_connector_task', raised: 404 },
    { call: 'stop_connector', gave: null },
    { call: 'get_connector_status', gave: status('STOPPED', []) },
    { call: 'delete_connector', gave: null },
    { call: 'get_connector', raised: 404 },
    { call: 'list_connectors', gave: [] },
  ])
})
