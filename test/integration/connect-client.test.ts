import { expect, inject, it } from 'vitest'
import { startMemoryPeer } from '../connect/memory-peer.ts'
import type { OwnPeer } from '../connect/own-peer.ts'
import { startServicePeer } from '../connect/service-peer.ts'
import { driveWithPython } from '../servers/connect-client.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')

it('kafka-connect-py leads a connector of ours through its life', async () => {
  await using peer = await startMemoryPeer()
  expect(await driveWithPython(peer.url, peer.config)).toMatchObject(wanted(peer))
})

it('kafka-connect-py leads a connector of a real service through its life', { timeout: 240_000 }, async () => {
  await using service = await startServicePeer(bootstrapServers, endpoint)
  const { peer } = service
  expect(await driveWithPython(peer.url, peer.config)).toMatchObject(wanted(peer))
})

function wanted({ config, topic }: OwnPeer): readonly object[] {
  const info = { name: 'driven', type: 'source' }
  const status = (state: string, tasks: readonly string[]): object => ({
    name: 'driven',
    connector: { state },
    tasks: tasks.map((each, id) => ({ id, state: each })),
  })
  const running = { call: 'get_connector_status', gave: status('RUNNING', ['RUNNING']) }
  return [
    { call: 'get_cluster_info', gave: { version: expect.any(String), kafka_cluster_id: expect.any(String) } },
    { call: 'list_connector_plugins', gave: expect.arrayContaining([expect.objectContaining({ type: 'source' })]) },
    { call: 'validate_connector_config', gave: { error_count: 0 } },
    { call: 'create_connector', gave: { ...info, config: { ...config, name: 'driven' } } },
    { call: 'create_connector', raised: 409 },
    running,
    { call: 'list_connectors', gave: { driven: { status: status('RUNNING', ['RUNNING']) } } },
    { call: 'update_connector', gave: info },
    { call: 'get_connector', gave: { ...info, tasks: [{ connector: 'driven', task: 0 }] } },
    { call: 'get_connector_config', gave: { ...config, name: 'driven', 'tasks.max': '1' } },
    running,
    { call: 'list_connector_tasks', gave: [{ id: { connector: 'driven', task: 0 } }] },
    { call: 'get_connector_task_status', gave: { id: 0, state: 'RUNNING' } },
    { call: 'list_connector_topics', gave: { driven: { topics: [topic] } } },
    { call: 'reset_connector_topics', raised: 403 },
    { call: 'pause_connector', gave: null },
    { call: 'get_connector_status', gave: status('PAUSED', ['PAUSED']) },
    { call: 'resume_connector', gave: null },
    running,
    { call: 'restart_connector', gave: null },
    { call: 'restart_connector', gave: { name: 'driven' } },
    running,
    { call: 'restart_connector_task', gave: null },
    { call: 'restart_connector_task', raised: 404 },
    { call: 'stop_connector', gave: null },
    { call: 'get_connector_status', gave: status('STOPPED', []) },
    { call: 'delete_connector', gave: null },
    { call: 'get_connector', raised: 404 },
    { call: 'list_connectors', gave: [] },
  ]
}
