"""Judge: what do Confluent's own Python deserializers make of records whose schemas a registry keeps?

pip install -r requirements.txt
python read_topic.py BOOTSTRAP TOPIC REGISTRY_URL avro|json-schema|protobuf

Reads the topic from start to end, read_committed, and prints a line for each record: {"key":…,"value":…}, where a number is
{"number":"1.50"} and bytes are {"bytes":"base64"}. Exit status 1 at the first record that a deserializer refuses:
REFUSED offset why.

Classes of Protobuf messages are made by protoc from what the registry holds. A typed value, of which one member is set, is
{"S":"…"} as in the other formats; a field without a value is null.
"""
import base64
import json
import sys
import tempfile
from decimal import Decimal

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

boot, topic, url, form = sys.argv[1:5]


class Registry(SchemaRegistryClient):
    """Apicurio gives a Protobuf schema as its text, also when its descriptor is asked for: protoc makes it."""

    def get_schema(self, schema_id, *args, **kwargs):
        is_descriptor = kwargs.pop("fmt", None) == "serialized" or "serialized" in args
        schema = super().get_schema(schema_id, *[one for one in args if one != "serialized"], **kwargs)
        if not is_descriptor:
            return schema
        descriptor = base64.b64encode(file_descriptor(schema.schema_str, f"schema_{schema_id}.proto").SerializeToString())
        return Schema(descriptor.decode(), "PROTOBUF")


def file_descriptor(text, name):
    from google.protobuf import descriptor_pb2
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/{name}", "w") as file:
            file.write(text)
        if protoc.main(["protoc", f"-I{folder}", f"--descriptor_set_out={folder}/set", name]) != 0:
            raise SystemExit(f"protoc does not take {name}")
        files = descriptor_pb2.FileDescriptorSet()
        with open(f"{folder}/set", "rb") as file:
            files.ParseFromString(file.read())
    return files.file[0]


registry = Registry({"url": url})


def deserializer():
    if form == "avro":
        return AvroDeserializer(registry)
    if form == "protobuf":
        return protobuf_deserializer()
    # Without this a JSON number becomes a double.
    return JSONDeserializer(None, schema_registry_client=registry, json_decode=lambda text: json.loads(text, parse_float=Decimal))


def protobuf_deserializer():
    made = {}

    def deserialize(data, context):
        if data is None:
            return None
        schema_id = int.from_bytes(data[1:5], "big")
        if schema_id not in made:
            made[schema_id] = ProtobufDeserializer(message_class(schema_id), {"use.deprecated.format": False}, registry)
        return made[schema_id](data, context)

    return deserialize


def message_class(schema_id):
    from google.protobuf import descriptor_pool, message_factory

    file = file_descriptor(registry.get_schema(schema_id).schema_str, f"schema_{schema_id}.proto")
    # A pool for each schema: two of them may have messages of one name.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindFileByName(file.name).message_types_by_name[file.message_type[0].name])


def plain_message(message):
    if message.DESCRIPTOR.name == "AttributeValue":
        member = message.WhichOneof("value")
        content = getattr(message, member)
        if member == "M":
            return {member: {name: plain(one) for name, one in content.entries.items()}}
        return {member: [plain(one) for one in content.values] if member in ("L", "SS", "NS", "BS") else plain(content)}
    return {field.name: plain_field(message, field) for field in message.DESCRIPTOR.fields}


def plain_field(message, field):
    content = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return {name: plain(one) for name, one in content.items()}
    if field.is_repeated:
        return [plain(one) for one in content]
    if field.has_presence and not message.HasField(field.name):
        return None
    return plain(content)


def plain(value):
    if hasattr(value, "DESCRIPTOR"):
        return plain_message(value)
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
