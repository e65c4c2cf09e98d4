package judge;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.connect.data.Struct;

/** What a sink is handed, as JSON in ASCII: a number is {"number":"1.50"}, bytes are {"bytes":"base64"}. */
final class Json {
  private Json() {}

  static String of(Object v) {
    if (v == null || v instanceof Boolean) return String.valueOf(v);
    if (v instanceof Number n) return "{\"number\":" + text(n.toString()) + "}";
    if (v instanceof byte[] b) return "{\"bytes\":" + text(Base64.getEncoder().encodeToString(b)) + "}";
    if (v instanceof ByteBuffer b) {
      byte[] copy = new byte[b.remaining()];
      b.duplicate().get(copy);
      return of(copy);
    }
    if (v instanceof List<?> l) return l.stream().map(Json::of).collect(Collectors.joining(",", "[", "]"));
    if (v instanceof Map<?, ?> m) {
      return m.entrySet().stream().map(e -> text(String.valueOf(e.getKey())) + ":" + of(e.getValue()))
          .collect(Collectors.joining(",", "{", "}"));
    }
    if (v instanceof Struct s) {
      return s.schema().fields().stream().map(f -> text(f.name()) + ":" + of(s.get(f)))
          .collect(Collectors.joining(",", "{", "}"));
    }
    return text(v.toString());
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
