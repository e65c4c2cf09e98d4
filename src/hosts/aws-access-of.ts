import type { CredentialsOptions } from '../aws/credentials.ts'
import type { AwsService } from '../aws/endpoints.ts'
import type { SourceConfig } from '../config/source-config.ts'

/** Where the APIs of a source are, as far as the configuration says so. */
export function endpointsOf(config: SourceConfig): Partial<Record<AwsService, string>> {
  const { endpoint } = config
  const tables = endpoint === undefined ? {} : { dynamodb: endpoint }
  if (config.type === 'kinesis') {
    const { kinesisEndpoint } = config
    return { ...tables, ...(kinesisEndpoint === undefined ? {} : { kinesis: kinesisEndpoint }) }
  }
  const { streamsEndpoint, taggingEndpoint } = config
  return {
    ...tables,
    ...(streamsEndpoint === undefined ? {} : { streams: streamsEndpoint }),
    ...(taggingEndpoint === undefined ? {} : { tagging: taggingEndpoint }),
  }
}

/** Where a source's credentials come from: the file's own or the provider chain, and the role on top. */
export function credentialsOf({
  region,
  accessKey,
  role,
}: Pick<SourceConfig, 'region' | 'accessKey' | 'role'>): CredentialsOptions {
  const sessionToken = accessKey?.sessionToken?.reveal()
  return {
    region,
    ...(accessKey === undefined
      ? {}
      : {
          accessKey: {
            accessKeyId: accessKey.id.reveal(),
            secretAccessKey: accessKey.secret.reveal(),
            ...(sessionToken === undefined ? {} : { sessionToken }),
          },
        }),
    ...(role === undefined
      ? {}
      : {
          assumeRole: {
            roleArn: role.arn,
            sessionName: role.sessionName,
            ...(role.externalId === undefined ? {} : { externalId: role.externalId }),
          },
        }),
  }
}
