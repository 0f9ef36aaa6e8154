// Benthos runs a pipeline of the stream processor that Bento and Redpanda Connect are made of, with a Kafka input.
//
// The processor's core has no Kafka in it: the distributions add an input `kafka_franz`, built on franz-go. This one
// takes the same fields and does the same: so many records of a partition are under way at once, and the offset that
// is committed is that before the first one that is not delivered.
package main

import (
	"context"
	"sync"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	spec := service.NewConfigSpec().Fields(
		service.NewStringListField("seed_brokers"),
		service.NewStringListField("topics"),
		service.NewStringField("consumer_group"),
		service.NewIntField("checkpoint_limit").Default(1024),
		service.NewDurationField("commit_period").Default("5s"),
		service.NewAutoRetryNacksToggleField(),
	)
	err := service.RegisterInput("kafka_franz", spec,
		func(conf *service.ParsedConfig, _ *service.Resources) (service.Input, error) {
			return service.AutoRetryNacksToggled(conf, configured(conf))
		})
	if err != nil {
		panic(err)
	}
	service.RunCLI(context.Background())
}

// input reads one topic as a member of a group.
type input struct {
	options []kgo.Opt
	limit   int
	client  *kgo.Client
	fetched []*kgo.Record
	mutex   sync.Mutex
	under   map[int32]*underWay
}

// underWay are the records of a partition that were handed out, in order, and which of them are delivered.
type underWay struct {
	records   []*kgo.Record
	delivered map[int64]bool
	slots     chan struct{}
}

func configured(conf *service.ParsedConfig) *input {
	seeds, _ := conf.FieldStringList("seed_brokers") // the processor has checked the fields
	topics, _ := conf.FieldStringList("topics")
	group, _ := conf.FieldString("consumer_group")
	limit, _ := conf.FieldInt("checkpoint_limit")
	period, _ := conf.FieldDuration("commit_period")
	one := &input{limit: limit, under: map[int32]*underWay{}}
	one.options = []kgo.Opt{
		kgo.SeedBrokers(seeds...),
		kgo.ConsumeTopics(topics...),
		kgo.ConsumerGroup(group),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AutoCommitMarks(),
		kgo.AutoCommitInterval(max(period, 100*time.Millisecond)),
		kgo.OnPartitionsLost(one.forget),
		kgo.OnPartitionsRevoked(func(ctx context.Context, client *kgo.Client, lost map[string][]int32) {
			_ = client.CommitMarkedOffsets(ctx) // what could not be committed is delivered again
			one.forget(ctx, client, lost)
		}),
	}
	return one
}

func (i *input) forget(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	for _, partitions := range lost {
		for _, partition := range partitions {
			delete(i.under, partition)
		}
	}
}

func (i *input) Connect(context.Context) error {
	client, err := kgo.NewClient(i.options...)
	i.client = client
	return err
}

func (i *input) Read(ctx context.Context) (*service.Message, service.AckFunc, error) {
	for len(i.fetched) == 0 {
		polled := i.client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if polled.IsClientClosed() {
			return nil, nil, service.ErrNotConnected
		}
		i.fetched = polled.Records()
	}
	record := i.fetched[0]
	under := i.of(record.Partition)
	select {
	case under.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	i.fetched = i.fetched[1:]
	i.mutex.Lock()
	under.records = append(under.records, record)
	i.mutex.Unlock()
	return service.NewMessage(record.Value), func(_ context.Context, failed error) error {
		if failed == nil {
			i.deliver(under, record)
		}
		return nil
	}, nil
}

func (i *input) of(partition int32) *underWay {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	under := i.under[partition]
	if under == nil {
		under = &underWay{delivered: map[int64]bool{}, slots: make(chan struct{}, i.limit)}
		i.under[partition] = under
	}
	return under
}

// deliver notes a record, and marks for the next commit the last one before which all are delivered.
func (i *input) deliver(under *underWay, record *kgo.Record) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	<-under.slots
	under.delivered[record.Offset] = true
	var last *kgo.Record
	for len(under.records) > 0 && under.delivered[under.records[0].Offset] {
		last = under.records[0]
		delete(under.delivered, last.Offset)
		under.records = under.records[1:]
	}
	if last != nil && i.under[last.Partition] == under { // else the partition is another's by now
		i.client.MarkCommitRecords(last)
	}
}

func (i *input) Close(context.Context) error {
	if i.client != nil {
		_ = i.client.CommitMarkedOffsets(context.Background()) // as above
		i.client.Close()
	}
	return nil
}
