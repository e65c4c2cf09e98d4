package judge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.SimpleHeaderConverter;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * Applies Kafka Connect's own transforms, and Debezium's, to records.
 *
 * <pre>java -cp 'target/classes:target/lib/*' judge.ConnectSmt file=cases.ndjson</pre>
 *
 * A case, one a line: {"steps":[{"type":CLASS,"settings":{…},"predicate":{"type":CLASS,"settings":{…}},"negate":false}],
 * "schemas":false, "topic":"t", "timestamp":0, "key":…, "value":…}; key and value are what the JsonConverter reads, with or without schemas.
 * Output, one line a case: {"dropped":true}, {"failed":"…"}, or {"topic":…, "key":…, "value":…, "headers":[[name, text], …]}.
 */
public final class ConnectSmt {
  private static final ObjectMapper json = new ObjectMapper();
  private static final Map<String, Object> made = new LinkedHashMap<>();

  public static void main(String[] args) throws Exception {
    Map<String, String> a = new LinkedHashMap<>();
    for (String arg : args) a.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
    StringBuilder out = new StringBuilder();
    for (String line : Files.readAllLines(Path.of(a.get("file")))) {
      if (line.isBlank()) continue;
      out.append(json.writeValueAsString(judged(json.readTree(line)))).append('\n');
    }
    System.out.print(out);
  }

  private static ObjectNode judged(JsonNode one) throws Exception {
    ObjectNode result = json.createObjectNode();
    boolean schemas = one.path("schemas").asBoolean();
    JsonConverter keys = converter(schemas, true);
    JsonConverter values = converter(schemas, false);
    String topic = one.get("topic").asText();
    SchemaAndValue key = keys.toConnectData(topic, bytes(one.get("key")));
    SchemaAndValue value = values.toConnectData(topic, bytes(one.get("value")));
    SourceRecord record = new SourceRecord(null, null, topic, null, key.schema(), key.value(), value.schema(), value.value(), one.get("timestamp").asLong());
    try {
      for (JsonNode step : one.get("steps")) {
        record = applied(step, record);
        if (record == null) return result.put("dropped", true);
      }
    } catch (RuntimeException e) {
      return result.put("failed", e.toString());
    }
    result.put("topic", record.topic());
    result.set("key", tree(keys.fromConnectData(record.topic(), record.keySchema(), record.key())));
    result.set("value", record.value() == null ? null : tree(values.fromConnectData(record.topic(), record.valueSchema(), record.value())));
    ArrayNode headers = result.putArray("headers");
    try (SimpleHeaderConverter header = new SimpleHeaderConverter()) {
      for (Header h : record.headers()) {
        byte[] text = header.fromConnectHeader(record.topic(), h.key(), h.schema(), h.value());
        headers.addArray().add(h.key()).add(text == null ? null : new String(text, StandardCharsets.UTF_8));
      }
    }
    return result;
  }

  @SuppressWarnings("unchecked")
  private static SourceRecord applied(JsonNode step, SourceRecord record) throws Exception {
    if (step.has("predicate")) {
      Predicate<SourceRecord> predicate = (Predicate<SourceRecord>) instance(step.get("predicate"));
      if (predicate.test(record) == step.path("negate").asBoolean()) return record;
    }
    return ((Transformation<SourceRecord>) instance(step)).apply(record);
  }

  private static Object instance(JsonNode step) throws Exception {
    String id = step.get("type").asText() + step.path("settings");
    Object known = made.get(id);
    if (known != null) return known;
    Object fresh = Class.forName(step.get("type").asText()).getDeclaredConstructor().newInstance();
    Map<String, String> settings = new LinkedHashMap<>();
    step.path("settings").fields().forEachRemaining(e -> settings.put(e.getKey(), e.getValue().asText()));
    ((org.apache.kafka.common.Configurable) fresh).configure(settings);
    made.put(id, fresh);
    return fresh;
  }

  private static final Map<String, JsonConverter> converters = new LinkedHashMap<>();

  private static JsonConverter converter(boolean schemas, boolean isKey) {
    return converters.computeIfAbsent(schemas + " " + isKey, id -> {
      JsonConverter c = new JsonConverter();
      c.configure(Map.of("schemas.enable", String.valueOf(schemas)), isKey);
      return c;
    });
  }

  private static byte[] bytes(JsonNode node) throws Exception {
    return node == null || node.isNull() ? null : json.writeValueAsBytes(node);
  }

  private static JsonNode tree(byte[] bytes) throws Exception {
    return bytes == null ? null : json.readTree(bytes);
  }
}
