/** Services whose addresses a connector may name; some have more names than one. */
const services = [
  'dynamodb',
  'streams\\.dynamodb',
  'streams-dynamodb',
  'dynamodb-streams',
  '\\d{12}\\.ddb',
  'kinesis',
  'kinesis-streams',
  '\\d{12}\\.(?:control|data)-kinesis',
  'tagging',
  's3',
  'glue',
].join('|')

/** `s3.amazonaws.com`, or `dynamodb-fips.us-east-1.api.aws`, `s3.dualstack.eu-west-1.amazonaws.com`. */
const ofRegion = new RegExp(
  `^(?:${services})(?:-fips)?(?:(?:\\.dualstack)?\\.[a-z]{2,}(?:-[a-z]+)+-\\d+)?\\.(?:amazonaws\\.com(?:\\.cn)?|api\\.aws|api\\.amazonwebservices\\.com\\.cn)$`,
)

/** `vpce-0a1b-2c3d.dynamodb.eu-west-1.vpce.amazonaws.com`, with an availability zone behind its id; in front of S3's stands `bucket.`. */
const ofVpcEndpoint = new RegExp(
  `^(?:bucket\\.)?vpce-[0-9a-z-]+\\.(?:${services})(?:-fips)?\\.[a-z]{2,}(?:-[a-z]+)+-\\d+\\.vpce\\.amazonaws\\.com(?:\\.cn)?$`,
)

/**
 * True for a host at which AWS itself serves an API that pipelines call. Below AWS's domains there are also hosts of its customers (API
 * Gateway, load balancers, endpoint services, buckets), which would be shown signed requests; the bucket goes in the path of a request.
 */
export function isAwsHost(host: string): boolean {
  return ofRegion.test(host) || ofVpcEndpoint.test(host)
}
