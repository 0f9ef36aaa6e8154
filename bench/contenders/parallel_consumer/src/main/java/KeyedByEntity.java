import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Gives each record its entity as key.
 *
 * <p>The topic's keys are tenants: keeping their order would mean one call at a time for a tenant.
 */
public final class KeyedByEntity implements ConsumerInterceptor<String, String> {
  private static final String ID = "\"id\":";

  @Override
  public ConsumerRecords<String, String> onConsume(ConsumerRecords<String, String> fetched) {
    Map<TopicPartition, List<ConsumerRecord<String, String>>> keyed = new HashMap<>();
    for (TopicPartition partition : fetched.partitions()) {
      List<ConsumerRecord<String, String>> records = new ArrayList<>();
      for (ConsumerRecord<String, String> one : fetched.records(partition)) {
        String key = one.key() + "/" + entity(one.value());
        records.add(new ConsumerRecord<>(one.topic(), one.partition(), one.offset(), key, one.value()));
      }
      keyed.put(partition, records);
    }
    return new ConsumerRecords<>(keyed);
  }

  private static String entity(String value) {
    int begin = value.indexOf(ID) + ID.length();
    return value.substring(begin, value.indexOf(',', begin));
  }

  @Override
  public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {}

  @Override
  public void close() {}

  @Override
  public void configure(Map<String, ?> settings) {}
}
