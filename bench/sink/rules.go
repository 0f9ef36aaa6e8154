package main

import "time"

// rules are what a measurement asks of the far end; each POST /control replaces them all.
type rules struct {
	LatencyMs   float64            `json:"latency_ms"`   // of every call that is let in
	SlowMs      map[string]float64 `json:"slow_ms"`      // of calls about a customer, by its mark `tenant-customer`
	Quota       float64            `json:"quota"`        // calls a second over everything, 0 for no limit
	TenantQuota float64            `json:"tenant_quota"` // the same for each tenant
	RetryAfter  int                `json:"retry_after"`  // seconds in the header of a 429, 0 for no header
	Down        bool               `json:"down"`         // 503 to everything
	Tenants     map[string]string  `json:"tenants"`      // company keys to names
	Version     int                `json:"version"`      // customers that reached it are counted in /progress
	Keep        bool               `json:"keep"`         // keep calls as they came, for GET /kept
	Reset       bool               `json:"reset"`        // forget what came
	Clear       bool               `json:"clear"`        // forget what came and DnB's books
}

func (r *rules) named(companyKey string) string {
	if name, ok := r.Tenants[companyKey]; ok {
		return name
	}
	return companyKey
}

func (r *rules) latency(about *customer) time.Duration {
	wait := r.LatencyMs
	if about != nil && len(r.SlowMs) > 0 {
		if slow, ok := r.SlowMs[about.mark]; ok {
			wait = slow
		}
	}
	return time.Duration(wait * float64(time.Millisecond))
}

// bucket is a token bucket of one second's depth.
type bucket struct {
	rate, tokens float64
	at           time.Time
}

func full(rate float64) *bucket {
	return &bucket{rate: rate, tokens: rate, at: time.Now()}
}

// has refills the bucket and tells whether a call may be let in; the caller takes its token.
func (b *bucket) has(now time.Time) bool {
	b.tokens = min(b.rate, b.tokens+b.rate*now.Sub(b.at).Seconds())
	b.at = now
	return b.tokens >= 1
}
