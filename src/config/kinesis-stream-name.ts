const arn = /^arn:aws[a-z-]*:kinesis:([a-z0-9-]{1,40}):\d{12}:stream\/[a-zA-Z0-9_.-]{1,128}$/

/** True for the name of a stream, and for an ARN of one. */
export function isKinesisStream(text: string): boolean {
  return /^[a-zA-Z0-9_.-]{1,128}$/.test(text) || arn.test(text)
}

/** The region that an ARN of a stream names; undefined for a name. */
export function regionOfStream(nameOrArn: string): string | undefined {
  return arn.exec(nameOrArn)?.[1]
}
