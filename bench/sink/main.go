// Sink is the far end of every measurement: an HTTP server that is never what is measured.
//
// It takes records as they are (POST /records) and plays the part of DnB's API that the transfer of customers needs,
// within the rules that POST /control gives it: how long a call takes, how many are allowed, who is slow, whether
// everything is out of order. What came is told by GET /progress (cheap), GET /stats and GET /writes, and the calls
// themselves, where they are to be kept, by GET /kept.
//
// It prints its address, and ends with its standard input.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// Garbage is collected seldom: memory is there, and a pause of the sink would be taken for the contender's.
	collectedAfterPercent = 400
	token                 = `{"access_token":"bench","token_type":"Bearer","expires_in":86400}`
)

// sink is all that the server knows; one mutex guards it, since it runs on one processor.
type sink struct {
	mutex    sync.Mutex
	address  string
	rules    rules
	quota    bucket
	quotas   map[string]*bucket
	record   record
	books    map[string]*book
	inFlight int
}

func main() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(collectedAfterPercent)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	one := &sink{address: "http://" + listener.Addr().String()}
	one.obey(rules{Clear: true})
	fmt.Println(one.address)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal(http.Serve(listener, one))
}

// ServeHTTP answers one request.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller has gone
	}
	switch path := r.URL.Path; {
	case path == "/records" || strings.HasPrefix(path, "/api/biz/"):
		s.call(w, r, body)
	case path == "/connect/token":
		s.grant(w)
	case path == "/api/endpoints":
		answer(w, http.StatusOK, []byte(`{"Identity":"`+s.address+`"}`))
	case path == "/control":
		s.control(w, body)
	case path == "/progress":
		s.tell(w, func() any { return s.progress() })
	case path == "/stats":
		s.tell(w, func() any { return s.stats(r.URL.Query()) })
	case path == "/kept":
		s.tell(w, func() any { return s.record.kept })
	case path == "/writes":
		s.tell(w, func() any { return s.record.listed(r.URL.Query().Get("tenants")) })
	default:
		answer(w, http.StatusNotFound, []byte(`{}`))
	}
}

// call serves what counts: judged when it comes, carried out when its time has passed.
func (s *sink) call(w http.ResponseWriter, r *http.Request, body []byte) {
	marked, isMarked := found(body)
	s.mutex.Lock()
	now := time.Now()
	tenant := marked.tenant
	if key := r.Header.Get("CompanyKey"); key != "" {
		tenant = s.rules.named(key)
	}
	about := s.about(r, tenant, marked, isMarked)
	begun := s.begin(now, tenant, about)
	status := s.judged(tenant, now)
	s.record.heed(tenant, now, status == http.StatusTooManyRequests, s.rules.RetryAfter)
	wait := s.rules.latency(about)
	s.mutex.Unlock()

	var reply []byte
	if status == 0 && wait > 0 {
		time.Sleep(wait)
	}
	s.mutex.Lock()
	if status == 0 {
		if s.rules.Keep {
			s.record.keep(r, body)
		}
		status, reply = s.carriedOut(r, tenant, body)
		if isMarked && r.Method != http.MethodGet {
			s.record.write(about, marked, time.Now())
		}
	}
	s.end(begun, about, status)
	after := s.rules.RetryAfter
	s.mutex.Unlock()

	if after > 0 && status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(after))
	}
	answer(w, status, reply)
}

// about returns the customer that a call is about, nil where it names none that is known.
func (s *sink) about(r *http.Request, tenant string, marked marker, isMarked bool) *customer {
	if isMarked {
		return s.record.customer(marked.mark)
	}
	if held := s.books[tenant].row(r.URL.Path); held != nil {
		return s.record.customer(held.mark)
	}
	return nil
}

func (s *sink) begin(now time.Time, tenant string, about *customer) *call {
	s.inFlight++
	if about != nil {
		about.inFlight++
		if about.inFlight > 1 {
			about.overlaps++
		}
	}
	return s.record.begin(now, tenant, s.inFlight)
}

func (s *sink) end(begun *call, about *customer, status int) {
	s.inFlight--
	if about != nil {
		about.inFlight--
	}
	begun.status, begun.heldUs = status, time.Now().UnixMicro()-begun.atUs
}

// judged returns the status that turns a call down, 0 if it is let in.
func (s *sink) judged(tenant string, now time.Time) int {
	if s.rules.Down {
		return http.StatusServiceUnavailable
	}
	if s.rules.Quota > 0 && !s.quota.has(now) {
		return http.StatusTooManyRequests
	}
	if s.rules.TenantQuota > 0 {
		own := s.quotas[tenant]
		if own == nil {
			own = full(s.rules.TenantQuota)
			s.quotas[tenant] = own
		}
		if !own.has(now) {
			return http.StatusTooManyRequests
		}
		own.tokens--
	}
	s.quota.tokens--
	return 0
}

// carriedOut does what a call asks for.
func (s *sink) carriedOut(r *http.Request, tenant string, body []byte) (int, []byte) {
	if r.URL.Path == "/records" {
		return http.StatusCreated, nil
	}
	own := s.books[tenant]
	if own == nil {
		own = opened()
		s.books[tenant] = own
	}
	return own.serve(r, body)
}

func (s *sink) grant(w http.ResponseWriter) {
	s.mutex.Lock()
	s.record.tokens++
	isDown := s.rules.Down
	s.mutex.Unlock()
	if isDown {
		answer(w, http.StatusServiceUnavailable, nil)
		return
	}
	answer(w, http.StatusOK, []byte(token))
}

// control takes new rules, all at once, and tells at which instant they began and how many calls were in flight then.
func (s *sink) control(w http.ResponseWriter, body []byte) {
	var wanted rules
	if err := json.Unmarshal(body, &wanted); err != nil {
		answer(w, http.StatusBadRequest, []byte(err.Error()))
		return
	}
	s.tell(w, func() any {
		s.obey(wanted)
		return map[string]int64{"at_us": time.Now().UnixMicro(), "in_flight": int64(s.inFlight)}
	})
}

func (s *sink) obey(wanted rules) {
	if wanted.Clear {
		s.books = map[string]*book{}
	}
	if wanted.Reset || wanted.Clear {
		s.record = emptied()
		s.quota, s.quotas = *full(wanted.Quota), map[string]*bucket{}
	}
	if wanted.Quota != s.rules.Quota {
		s.quota = *full(wanted.Quota)
	}
	if wanted.TenantQuota != s.rules.TenantQuota {
		s.quotas = map[string]*bucket{}
	}
	if wanted.Version != s.record.watched {
		s.record.recount(wanted.Version)
	}
	s.rules = wanted
}

func (s *sink) tell(w http.ResponseWriter, what func() any) {
	s.mutex.Lock()
	text, err := json.Marshal(what())
	s.mutex.Unlock()
	if err != nil {
		answer(w, http.StatusInternalServerError, []byte(err.Error()))
		return
	}
	answer(w, http.StatusOK, text)
}

func answer(w http.ResponseWriter, status int, body []byte) {
	if len(body) > 0 {
		w.Header()["Content-Type"] = []string{"application/json"}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
