package judge;

import com.amazonaws.services.schemaregistry.deserializers.GlueSchemaRegistryKafkaDeserializer;
import com.amazonaws.services.schemaregistry.serializers.json.JsonDataWithSchema;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.IndexedRecord;

/**
 * Hands keys and values to GlueSchemaRegistryKafkaDeserializer.
 *
 * java -Daws.accessKeyId=… -Daws.secretAccessKey=… judge.GlueSerde file=… endpoint=… region=… topic=…
 *
 * `file` has a line for each record: key and value in base64, a space between them, "-" for a value that is null. Prints a line
 * for each: {"key":…,"value":…}, where a number is {"number":"1.50"} and bytes are {"bytes":"base64"}. Exit status 1 at the
 * first record that is refused: REFUSED index why. A typed value of Protobuf, of which one member is set, is {"S":"…"} as in
 * the other formats; a field without a value is null.
 */
public final class GlueSerde {
  private GlueSerde() {}

  public static void main(String[] words) throws Exception {
    Map<String, String> settings = new HashMap<>();
    for (String word : words) settings.put(word.substring(0, word.indexOf('=')), word.substring(word.indexOf('=') + 1));
    Map<String, Object> configs = new HashMap<>();
    configs.put("region", settings.get("region"));
    configs.put("endpoint", settings.get("endpoint"));
    configs.put("avroRecordType", "GENERIC_RECORD");
    configs.put("protobufMessageType", "DYNAMIC_MESSAGE");
    // Without this a JSON number becomes a double.
    configs.put("jacksonDeserializationFeatures", new ArrayList<>(List.of("USE_BIG_DECIMAL_FOR_FLOATS")));
    String topic = settings.get("topic");
    try (GlueSchemaRegistryKafkaDeserializer keys = new GlueSchemaRegistryKafkaDeserializer();
        GlueSchemaRegistryKafkaDeserializer values = new GlueSchemaRegistryKafkaDeserializer()) {
      keys.configure(configs, true);
      values.configure(configs, false);
      int index = 0;
      for (String line : Files.readAllLines(Path.of(settings.get("file")))) {
        String[] halves = line.split(" ");
        try {
          Object key = keys.deserialize(topic, Base64.getDecoder().decode(halves[0]));
          Object value = halves[1].equals("-") ? values.deserialize(topic, null)
              : values.deserialize(topic, Base64.getDecoder().decode(halves[1]));
          System.out.println("{\"key\":" + plain(key) + ",\"value\":" + plain(value) + "}");
        } catch (Exception error) {
          System.out.println("REFUSED " + index + " " + causes(error));
          System.out.flush();
          System.exit(1);
        }
        index++;
      }
    }
  }

  private static String causes(Throwable error) {
    return error + (error.getCause() == null ? "" : " <- " + causes(error.getCause()));
  }

  private static String plain(Object v) throws Exception {
    if (v == null) return "null";
    if (v instanceof IndexedRecord r) return avro(r.getSchema(), r);
    if (v instanceof Message m) return message(m);
    if (v instanceof JsonDataWithSchema j) {
      ObjectMapper exact = new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
      return json(exact.readTree(j.getPayload()));
    }
    throw new IllegalStateException("the deserializer made a " + v.getClass());
  }

  private static String avro(Schema schema, Object v) {
    return switch (schema.getType()) {
      case NULL -> "null";
      case UNION -> avro(schema.getTypes().get(GenericData.get().resolveUnion(schema, v)), v);
      case BOOLEAN -> String.valueOf(v);
      case INT, LONG, FLOAT, DOUBLE -> number(String.valueOf(v));
      case BYTES -> schema.getLogicalType() instanceof LogicalTypes.Decimal d
          ? number(new BigDecimal(new BigInteger(copy((ByteBuffer) v)), d.getScale()).toPlainString())
          : bytes(copy((ByteBuffer) v));
      case ARRAY -> ((List<?>) v).stream().map(e -> avro(schema.getElementType(), e))
          .collect(Collectors.joining(",", "[", "]"));
      case MAP -> ((Map<?, ?>) v).entrySet().stream()
          .map(e -> text(e.getKey().toString()) + ":" + avro(schema.getValueType(), e.getValue()))
          .collect(Collectors.joining(",", "{", "}"));
      case RECORD -> schema.getFields().stream()
          .map(f -> text(f.name()) + ":" + avro(f.schema(), ((IndexedRecord) v).get(f.pos())))
          .collect(Collectors.joining(",", "{", "}"));
      default -> text(v.toString());
    };
  }

  private static String json(JsonNode v) {
    if (v.isNull() || v.isBoolean()) return v.asText();
    if (v.isNumber()) return number(v.decimalValue().toString());
    if (v.isArray()) {
      List<String> parts = new ArrayList<>();
      v.forEach(e -> parts.add(json(e)));
      return "[" + String.join(",", parts) + "]";
    }
    if (!v.isObject()) return text(v.asText());
    List<String> parts = new ArrayList<>();
    v.fields().forEachRemaining(e -> parts.add(text(e.getKey()) + ":" + json(e.getValue())));
    return "{" + String.join(",", parts) + "}";
  }

  private static String message(Message m) {
    if (m.getDescriptorForType().getName().equals("AttributeValue")) return typed(m);
    return m.getDescriptorForType().getFields().stream().map(f -> text(f.getName()) + ":" + field(m, f))
        .collect(Collectors.joining(",", "{", "}"));
  }

  private static String typed(Message m) {
    FieldDescriptor f = m.getOneofFieldDescriptor(m.getDescriptorForType().getOneofs().get(0));
    Object content = m.getField(f);
    String inside = switch (f.getName()) {
      case "M" -> inner((Message) content, "entries");
      case "L", "SS", "NS", "BS" -> inner((Message) content, "values");
      default -> scalar(content);
    };
    return "{" + text(f.getName()) + ":" + inside + "}";
  }

  private static String inner(Message m, String name) {
    return field(m, m.getDescriptorForType().findFieldByName(name));
  }

  private static String field(Message m, FieldDescriptor f) {
    if (f.isMapField()) {
      List<String> parts = new ArrayList<>();
      for (Object one : (List<?>) m.getField(f)) {
        Message entry = (Message) one;
        Object key = entry.getField(entry.getDescriptorForType().findFieldByNumber(1));
        Object value = entry.getField(entry.getDescriptorForType().findFieldByNumber(2));
        parts.add(text(key.toString()) + ":" + scalar(value));
      }
      return "{" + String.join(",", parts) + "}";
    }
    if (f.isRepeated()) {
      return ((List<?>) m.getField(f)).stream().map(GlueSerde::scalar).collect(Collectors.joining(",", "[", "]"));
    }
    return f.hasPresence() && !m.hasField(f) ? "null" : scalar(m.getField(f));
  }

  private static String scalar(Object v) {
    if (v instanceof Message m) return message(m);
    if (v instanceof Boolean) return String.valueOf(v);
    if (v instanceof Number) return number(v.toString());
    if (v instanceof ByteString b) return bytes(b.toByteArray());
    return text(v instanceof EnumValueDescriptor e ? e.getName() : v.toString());
  }

  private static byte[] copy(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private static String number(String digits) {
    return "{\"number\":" + text(digits) + "}";
  }

  private static String bytes(byte[] content) {
    return "{\"bytes\":" + text(Base64.getEncoder().encodeToString(content)) + "}";
  }

  private static String text(String v) {
    StringBuilder s = new StringBuilder("\"");
    for (int i = 0; i < v.length(); i++) {
      char c = v.charAt(i);
      if (c == '"' || c == '\\') s.append('\\').append(c);
      else if (c < 0x20 || c > 0x7e) s.append(String.format("\\u%04x", (int) c));
      else s.append(c);
    }
    return s.append('"').toString();
  }
}
