import { describe, expect, it } from 'vitest'
import { isAwsHost } from './aws-hosts.ts'

describe('hosts at which AWS serves its own APIs', () => {
  it.each([
    'dynamodb.eu-west-1.amazonaws.com',
    'dynamodb-fips.us-east-1.amazonaws.com',
    'dynamodb.us-gov-west-1.amazonaws.com',
    'dynamodb.cn-north-1.amazonaws.com.cn',
    'dynamodb.eu-west-1.api.aws',
    'dynamodb.cn-north-1.api.amazonwebservices.com.cn',
    '123456789012.ddb.eu-west-1.amazonaws.com',
    'vpce-0a1b2c3d4e5f60718-abcd1234.dynamodb.eu-west-1.vpce.amazonaws.com',
    'streams.dynamodb.ap-southeast-2.amazonaws.com',
    'streams.dynamodb-fips.us-east-1.amazonaws.com',
    'streams-dynamodb.eu-west-1.api.aws',
    'kinesis.eu-west-1.amazonaws.com',
    '123456789012.data-kinesis.us-east-1.amazonaws.com',
    'vpce-0a1b-2c3d-us-east-1a.kinesis.us-east-1.vpce.amazonaws.com',
    'tagging.eu-west-1.amazonaws.com',
    's3.amazonaws.com',
    's3.eu-west-1.amazonaws.com',
    's3.dualstack.eu-west-1.amazonaws.com',
    's3-fips.dualstack.us-east-1.amazonaws.com',
    'bucket.vpce-0a1b-2c3d.s3.us-east-1.vpce.amazonaws.com',
    'glue.eu-west-1.amazonaws.com',
    'glue-fips.us-east-1.api.aws',
  ])('%s is one', (host) => expect(isAwsHost(host)).toBe(true))

  it.each([
    ['an API of a customer', 'abcdef1234.execute-api.eu-west-1.amazonaws.com'],
    ['an API of a customer by an endpoint', 'abcdef1234-vpce-0a1b.execute-api.eu-west-1.amazonaws.com'],
    ['a load balancer', 'dynamodb-1234567890.eu-west-1.elb.amazonaws.com'],
    ['a machine', 'ec2-203-0-113-25.eu-west-1.compute.amazonaws.com'],
    ["a customer's endpoint service", 'vpce-0a1b-2c3d.vpce-svc-0a1b2c3d.eu-west-1.vpce.amazonaws.com'],
    ['a bucket', 'evil.s3.eu-west-1.amazonaws.com'],
    ['a bucket that is named like a service', 'dynamodb.s3.eu-west-1.amazonaws.com'],
    ['a bucket that is named like an endpoint', 'vpce-0a1b.s3.eu-west-1.amazonaws.com'],
    ['the pages of a bucket', 'evil.s3-website-eu-west-1.amazonaws.com'],
    ['an access point', 'evil-123456789012.s3-accesspoint.eu-west-1.amazonaws.com'],
    ['a function', 'abcdef.lambda-url.eu-west-1.on.aws'],
    ['a search domain', 'search-x-abc.eu-west-1.es.amazonaws.com'],
    ['another domain', 'dynamodb.eu-west-1.amazonaws.com.evil.example'],
    ['a domain that ends alike', 'dynamodb.eu-west-1.evilamazonaws.com'],
    ['a part of a name', 'evil-dynamodb.eu-west-1.amazonaws.com'],
    ['no region', 'dynamodb.elb.amazonaws.com'],
  ])('%s is none', (_, host) => expect(isAwsHost(host)).toBe(false))
})
