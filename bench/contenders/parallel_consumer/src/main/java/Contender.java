import static io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode.PERIODIC_CONSUMER_ASYNCHRONOUS;
import static io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder.KEY;

import io.confluent.parallelconsumer.PCRetriableException;
import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Confluent's parallel-consumer with java.net.http: so many records at once, in order for each entity.
 *
 * <p>A record that is not taken is given back to the library, which tries it again after a second, as its manual says.
 */
public final class Contender {
  private static final int SERVED = 300;
  private static final Duration BACK_OFF = Duration.ofSeconds(1);
  private static final URI ADDRESS = URI.create(System.getenv("BENCH_SINK") + "/records");
  private static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private Contender() {}

  public static void main(String[] arguments) {
    ParallelConsumerOptions<String, String> options =
        ParallelConsumerOptions.<String, String>builder()
            .ordering(KEY)
            .maxConcurrency(Integer.parseInt(System.getenv("BENCH_CONCURRENCY")))
            .defaultMessageRetryDelay(BACK_OFF)
            .commitMode(PERIODIC_CONSUMER_ASYNCHRONOUS)
            .consumer(new KafkaConsumer<>(settings()))
            .build();
    ParallelStreamProcessor<String, String> processor = ParallelStreamProcessor.createEosStreamProcessor(options);
    Runtime.getRuntime().addShutdownHook(new Thread(processor::close));
    processor.subscribe(List.of(System.getenv("BENCH_TOPIC")));
    processor.poll(context -> send(context.getSingleConsumerRecord().value()));
  }

  private static Properties settings() {
    Properties settings = new Properties();
    settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("BENCH_BOOTSTRAP"));
    settings.put(ConsumerConfig.GROUP_ID_CONFIG, System.getenv("BENCH_GROUP"));
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class);
    settings.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class);
    settings.put(ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG, KeyedByEntity.class.getName());
    return settings;
  }

  private static void send(String body) {
    HttpRequest request =
        HttpRequest.newBuilder(ADDRESS)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build();
    int status;
    try {
      status = CLIENT.send(request, BodyHandlers.discarding()).statusCode();
    } catch (IOException error) {
      throw new PCRetriableException("the sink did not answer", error);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw new PCRetriableException("interrupted", error);
    }
    if (status >= SERVED) {
      throw new PCRetriableException("the sink answered " + status);
    }
  }
}
