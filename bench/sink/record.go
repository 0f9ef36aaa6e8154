package main

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// marker is what a customer's name tells: `Kunde {tenant}-{customer} utgave {version} av {intended}`.
type marker struct {
	mark, tenant string
	version      int
	intendedUs   int64
}

// customer is what has come of one customer.
type customer struct {
	mark                      string
	version, writes, inFlight int
	overlaps, misordered      int
}

// call is one request that counts; status 0 while it is in flight.
type call struct {
	atUs   int64
	heldUs int64
	tenant string
	status int
}

type write struct {
	about                   *customer
	version                 int
	intendedUs, committedUs int64
}

// onTheWay is how long a call may have been under way when a 429 told its tenant to wait.
const onTheWay = 50 * time.Millisecond

// hold is what a 429 with Retry-After has told a tenant.
type hold struct {
	told, until time.Time
}

// record is all that came since the last reset.
type record struct {
	calls        []*call
	writes       []write
	customers    map[string]*customer
	tokens       int
	mostInFlight int
	watched      int
	reached      int
	holds        map[string]hold
	early        int
	lateS        []float64
	kept         [][4]string
}

func emptied() record {
	return record{customers: map[string]*customer{}, holds: map[string]hold{}, lateS: []float64{}, kept: [][4]string{}}
}

// keep keeps a call that was let in: method, target, company key and body.
func (r *record) keep(asked *http.Request, body []byte) {
	target, key := asked.URL.RequestURI(), asked.Header.Get("CompanyKey")
	r.kept = append(r.kept, [4]string{asked.Method, target, key, string(body)})
}

// found returns the first marker in a body.
func found(body []byte) (marker, bool) {
	start := bytes.Index(body, []byte("Kunde "))
	if start < 0 {
		return marker{}, false
	}
	rest := body[start+len("Kunde "):]
	mark, rest, first := bytes.Cut(rest, []byte(" utgave "))
	version, rest, second := bytes.Cut(rest, []byte(" av "))
	if !first || !second {
		return marker{}, false
	}
	number, _ := strconv.Atoi(string(version))
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	intended, _ := strconv.ParseInt(string(rest[:digits]), 10, 64)
	name := string(mark)
	return marker{name, name[:max(0, strings.LastIndexByte(name, '-'))], number, intended}, true
}

func (r *record) customer(mark string) *customer {
	known := r.customers[mark]
	if known == nil {
		known = &customer{mark: mark}
		r.customers[mark] = known
	}
	return known
}

func (r *record) begin(now time.Time, tenant string, inFlight int) *call {
	r.mostInFlight = max(r.mostInFlight, inFlight)
	begun := &call{atUs: now.UnixMicro(), tenant: tenant}
	r.calls = append(r.calls, begun)
	return begun
}

// heed notes whether a tenant keeps to what a 429 has told it: neither calls early, nor begins again late.
func (r *record) heed(tenant string, now time.Time, isRejected bool, retryAfter int) {
	if own, isHeld := r.holds[tenant]; isHeld {
		if now.After(own.until) {
			r.lateS = append(r.lateS, now.Sub(own.until).Seconds())
			delete(r.holds, tenant)
		} else if now.Sub(own.told) > onTheWay {
			r.early++
		}
	}
	if isRejected && retryAfter > 0 {
		if _, isHeld := r.holds[tenant]; !isHeld {
			r.holds[tenant] = hold{now, now.Add(time.Duration(retryAfter) * time.Second)}
		}
	}
}

func (r *record) write(about *customer, marked marker, now time.Time) {
	about.writes++
	if marked.version < about.version {
		about.misordered++
	}
	if r.watched > 0 && about.version < r.watched && marked.version >= r.watched {
		r.reached++
	}
	about.version = max(about.version, marked.version)
	r.writes = append(r.writes, write{about, marked.version, marked.intendedUs, now.UnixMicro()})
}

func (r *record) recount(version int) {
	r.watched, r.reached = version, r.atLeast(version)
}

func (r *record) atLeast(version int) int {
	count := 0
	for _, one := range r.customers {
		if one.version >= version && one.writes > 0 {
			count++
		}
	}
	return count
}

// listed returns the writes of the tenants with that prefix: mark, version, intended and committed instant.
func (r *record) listed(prefix string) [][4]any {
	rows := [][4]any{}
	for _, one := range r.writes {
		if strings.HasPrefix(one.about.mark, prefix) {
			rows = append(rows, [4]any{one.about.mark, one.version, one.intendedUs, one.committedUs})
		}
	}
	return rows
}

// progress is what can be asked for often.
func (s *sink) progress() map[string]int64 {
	told := map[string]int64{
		"calls": int64(len(s.record.calls)), "writes": int64(len(s.record.writes)),
		"in_flight": int64(s.inFlight), "reached": int64(s.record.reached), "first_us": 0, "last_write_us": 0,
	}
	if len(s.record.calls) > 0 {
		told["first_us"] = s.record.calls[0].atUs
	}
	if count := len(s.record.writes); count > 0 {
		told["last_write_us"] = s.record.writes[count-1].committedUs
	}
	return told
}

// span is what a question is limited to: instants of calls and intended instants of writes, and tenants by prefix.
type span struct {
	from, to int64
	prefix   string
}

func (o span) holds(at int64, tenant string) bool {
	return at >= o.from && (o.to == 0 || at < o.to) && strings.HasPrefix(tenant, o.prefix)
}

// stats tells everything, for the span that is asked for: ?from= &to= (UTC µs) &tenants= (prefix) &version=.
func (s *sink) stats(asked url.Values) map[string]any {
	number := func(name string) int64 {
		value, _ := strconv.ParseInt(asked.Get(name), 10, 64)
		return value
	}
	limits := span{number("from"), number("to"), asked.Get("tenants")}
	told := s.record.called(limits)
	told["early"], told["late_s"] = s.record.early, s.record.lateS
	told["committed"] = s.record.committed(limits)
	told["latency"] = s.record.latencies(limits)
	told["tokens"], told["in_flight"], told["in_flight_most"] = s.record.tokens, s.inFlight, s.record.mostInFlight
	writes, overlaps, misordered := 0, 0, 0
	for _, one := range s.record.customers {
		writes, overlaps, misordered = writes+one.writes, overlaps+one.overlaps, misordered+one.misordered
	}
	told["writes"], told["overlaps"], told["misordered"] = writes, overlaps, misordered
	told["customers"], told["reached"] = len(s.record.customers), s.record.atLeast(int(number("version")))
	return told
}

// called counts calls by status and tenant, those let in by second since the span began, or the first of them came, and
// the most calls of any second, let in or not.
func (r *record) called(limits span) map[string]any {
	statuses, tenants, series, instants := map[string]int{}, map[string]int{}, []int{}, []int64{}
	heldUs := int64(0)
	for _, one := range r.calls {
		if !limits.holds(one.atUs, one.tenant) {
			continue
		}
		instants, heldUs = append(instants, one.atUs), heldUs+one.heldUs
		statuses[strconv.Itoa(one.status)]++
		if one.status >= 300 {
			continue
		}
		tenants[one.tenant]++
		begin := limits.from
		if begin == 0 {
			begin = instants[0]
		}
		second := int((one.atUs - begin) / 1_000_000)
		for len(series) <= second {
			series = append(series, 0)
		}
		series[second]++
	}
	first, last := int64(0), int64(0)
	if len(instants) > 0 {
		first, last = instants[0], instants[len(instants)-1]
	}
	return map[string]any{
		"calls": len(instants), "statuses": statuses, "tenants": tenants, "series": series, "first_us": first,
		"last_us": last, "held_s": float64(heldUs) / 1e6, "most_in_a_second": mostInASecond(instants),
	}
}

// mostInASecond returns how many of the instants (µs, in order) lie within one second, wherever that second begins.
func mostInASecond(instants []int64) int {
	most, begin := 0, 0
	for end, at := range instants {
		for at-instants[begin] >= 1_000_000 {
			begin++
		}
		most = max(most, end-begin+1)
	}
	return most
}

// committed counts the writes that came in the span, whenever they were meant to.
func (r *record) committed(limits span) int {
	count := 0
	for _, one := range r.writes {
		if limits.holds(one.committedUs, one.about.mark) {
			count++
		}
	}
	return count
}

// latencies tells the seconds from intended to committed of the writes in the span.
func (r *record) latencies(limits span) map[string]any {
	all := []float64{}
	for _, one := range r.writes {
		if limits.holds(one.intendedUs, one.about.mark) {
			all = append(all, float64(one.committedUs-one.intendedUs)/1e6)
		}
	}
	slices.Sort(all)
	if len(all) == 0 {
		return map[string]any{"count": 0}
	}
	at := func(share float64) float64 { return all[min(len(all)-1, int(share*float64(len(all))))] }
	return map[string]any{"count": len(all), "p50_s": at(0.5), "p99_s": at(0.99), "longest_s": all[len(all)-1]}
}
