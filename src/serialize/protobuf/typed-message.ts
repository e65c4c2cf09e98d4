import { WireType } from '@bufbuild/protobuf/wire'
import type { BinaryWriter } from '@bufbuild/protobuf/wire'
import { bytesOf, wellFormed } from '../fit/fit-scalar.ts'
import { typedContent } from '../fit/typed-content.ts'

/**
 * A value of DynamoDB as `tailrace.AttributeValue`, without a length in front: nothing of it is lost. Throws
 * RECORD_UNREADABLE for what is no such value, SCHEMA_MISMATCH for text that UTF-8 cannot hold; without a position, both.
 */
export function writeTyped(value: unknown, writer: BinaryWriter, depth: number): void {
  const typed = typedContent(value, depth)
  if ('S' in typed) writer.tag(1, bytes).string(wellFormed(typed.S, []))
  else if ('N' in typed) writer.tag(2, bytes).string(typed.N)
  else if ('B' in typed) writer.tag(3, bytes).bytes(bytesOf(typed.B))
  else if ('BOOL' in typed) writer.tag(4, WireType.Varint).bool(typed.BOOL)
  else if ('NULL' in typed) writer.tag(5, WireType.Varint).bool(true)
  else if ('M' in typed) {
    inMessage(writer, 6, () => {
      for (const name of Object.keys(typed.M)) {
        inMessage(writer, 1, () => {
          writer.tag(1, bytes).string(wellFormed(name, []))
          inMessage(writer, 2, () => writeTyped(typed.M[name], writer, depth + 1))
        })
      }
    })
  } else if ('L' in typed) {
    inMessage(writer, 7, () => {
      for (const element of typed.L) inMessage(writer, 1, () => writeTyped(element, writer, depth + 1))
    })
  } else if ('SS' in typed) {
    inMessage(writer, 8, () => {
      for (const text of typed.SS) writer.tag(1, bytes).string(wellFormed(text, []))
    })
  } else if ('NS' in typed) {
    inMessage(writer, 9, () => {
      for (const text of typed.NS) writer.tag(1, bytes).string(text)
    })
  } else {
    inMessage(writer, 10, () => {
      for (const text of typed.BS) writer.tag(1, bytes).bytes(bytesOf(text))
    })
  }
}

const bytes = WireType.LengthDelimited

function inMessage(writer: BinaryWriter, number: number, write: () => void): void {
  writer.tag(number, bytes).fork()
  write()
  writer.join()
}
