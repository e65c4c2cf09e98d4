package judge;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The independent reader of the tests: Java's consumer. Arguments are name=value.
 *
 * mode=records    one JSON object a record, all partitions, from the beginning to the end offsets at the start
 * mode=compact    the same as JSON arrays: [partition, offset, key, header, header, ...], the headers being those named
 *                 by headers=a,b (as text; null when absent)
 * mode=each-start for partition=N: one JSON array a start offset: [start, "first-last,first-last,..."]: the offsets of
 *                 the records that are read from there to the end
 * mode=write      writes records=N records of bytes=N bytes to partition 0 with compression=C
 *
 * Always: bootstrap=..., topic=...; optional: isolation=read_committed|read_uncommitted, property.X=Y for the client.
 */
public final class ReadTopic {
    private static final Base64.Encoder BASE64 = Base64.getEncoder();
    private static final Duration POLL = Duration.ofMillis(200);

    public static void main(String[] args) throws IOException {
        Map<String, String> options = new HashMap<>();
        for (String arg : args) {
            int equals = arg.indexOf('=');
            options.put(arg.substring(0, equals), arg.substring(equals + 1));
        }
        String mode = options.getOrDefault("mode", "records");
        if (mode.equals("write")) {
            write(options);
            return;
        }
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(consumerProperties(options));
                PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 20), false, StandardCharsets.UTF_8)) {
            if (mode.equals("each-start")) eachStart(consumer, options, out);
            else records(consumer, options, out);
            if (out.checkError()) throw new IOException("standard output is closed");
        }
    }

    private static void records(KafkaConsumer<byte[], byte[]> consumer, Map<String, String> options, PrintStream out) {
        boolean isCompact = options.get("mode") != null && options.get("mode").equals("compact");
        String names = options.getOrDefault("headers", "");
        String[] headers = names.isEmpty() ? new String[0] : names.split(",");
        List<TopicPartition> partitions = new ArrayList<>();
        consumer.partitionsFor(options.get("topic")).forEach(info -> partitions.add(new TopicPartition(info.topic(), info.partition())));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        StringBuilder line = new StringBuilder(1024);
        while (isBehind(consumer, ends)) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                if (record.offset() >= ends.get(new TopicPartition(record.topic(), record.partition()))) continue;
                line.setLength(0);
                if (isCompact) compact(line, record, headers);
                else full(line, record);
                out.append(line).append('\n');
            }
        }
    }

    private static boolean isBehind(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
        for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
            if (consumer.position(end.getKey()) < end.getValue()) return true;
        }
        return false;
    }

    private static void eachStart(KafkaConsumer<byte[], byte[]> consumer, Map<String, String> options, PrintStream out) {
        TopicPartition partition = new TopicPartition(options.get("topic"), Integer.parseInt(options.getOrDefault("partition", "0")));
        List<TopicPartition> one = List.of(partition);
        consumer.assign(one);
        long begin = consumer.beginningOffsets(one).get(partition);
        long end = consumer.endOffsets(one).get(partition);
        for (long start = begin; start < end; start++) {
            consumer.seek(partition, start);
            StringBuilder ranges = new StringBuilder();
            long first = -1;
            long last = -2;
            while (consumer.position(partition) < end) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    if (record.offset() >= end) continue;
                    if (record.offset() != last + 1) {
                        append(ranges, first, last);
                        first = record.offset();
                    }
                    last = record.offset();
                }
            }
            append(ranges, first, last);
            out.append("[" + start + ",\"" + ranges + "\"]\n");
        }
    }

    private static void append(StringBuilder ranges, long first, long last) {
        if (first < 0) return;
        if (ranges.length() > 0) ranges.append(',');
        ranges.append(first).append('-').append(last);
    }

    private static void full(StringBuilder line, ConsumerRecord<byte[], byte[]> record) {
        line.append("{\"partition\":").append(record.partition()).append(",\"offset\":").append(record.offset());
        bytes(line.append(",\"key\":"), record.key());
        bytes(line.append(",\"value\":"), record.value());
        line.append(",\"timestamp\":").append(record.timestamp()).append(",\"headers\":[");
        String separator = "";
        for (Header header : record.headers()) {
            text(line.append(separator).append('['), header.key());
            bytes(line.append(','), header.value());
            line.append(']');
            separator = ",";
        }
        line.append("]}");
    }

    private static void compact(StringBuilder line, ConsumerRecord<byte[], byte[]> record, String[] headers) {
        line.append('[').append(record.partition()).append(',').append(record.offset());
        bytes(line.append(','), record.key());
        for (String name : headers) {
            Header header = record.headers().lastHeader(name);
            line.append(',');
            if (header == null || header.value() == null) line.append("null");
            else text(line, new String(header.value(), StandardCharsets.UTF_8));
        }
        line.append(']');
    }

    private static void bytes(StringBuilder line, byte[] value) {
        if (value == null) line.append("null");
        else line.append('"').append(BASE64.encodeToString(value)).append('"');
    }

    private static void text(StringBuilder line, String value) {
        line.append('"');
        for (int index = 0; index < value.length(); index++) {
            char c = value.charAt(index);
            if (c == '"' || c == '\\') line.append('\\').append(c);
            else if (c < 0x20) line.append(String.format("\\u%04x", (int) c));
            else line.append(c);
        }
        line.append('"');
    }

    private static void write(Map<String, String> options) {
        Properties properties = clientProperties(options);
        properties.put("compression.type", options.getOrDefault("compression", "none"));
        properties.put("linger.ms", "50");
        properties.put("batch.size", "200000");
        properties.put("key.serializer", ByteArraySerializer.class.getName());
        properties.put("value.serializer", ByteArraySerializer.class.getName());
        int records = Integer.parseInt(options.getOrDefault("records", "1"));
        byte[] value = "abcdefghij".repeat(Integer.parseInt(options.getOrDefault("bytes", "100")) / 10).getBytes(StandardCharsets.UTF_8);
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties)) {
            for (int index = 0; index < records; index++) {
                byte[] key = ("key-" + index).getBytes(StandardCharsets.UTF_8);
                producer.send(new ProducerRecord<>(options.get("topic"), 0, key, value));
            }
        }
    }

    private static Properties consumerProperties(Map<String, String> options) {
        Properties properties = clientProperties(options);
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, options.getOrDefault("isolation", "read_committed"));
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
        return properties;
    }

    private static Properties clientProperties(Map<String, String> options) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", options.get("bootstrap"));
        // A fetch that the broker parks at the end of the log would hold up the next start.
        if ("each-start".equals(options.get("mode"))) properties.put("fetch.max.wait.ms", "5");
        options.forEach((name, value) -> {
            if (name.startsWith("property.")) properties.put(name.substring("property.".length()), value);
        });
        return properties;
    }
}
