package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const customersPath = "/api/biz/customers"

var literal = regexp.MustCompile(`'([^']*)'`)

// row is a customer in DnB: its JSON, and its mark.
type row struct {
	body []byte
	mark string
}

// book is one company: its customers by id, and their ids by number.
type book struct {
	rows    map[int64]*row
	numbers map[string]int64
	lastID  int64
}

func opened() *book {
	return &book{rows: map[int64]*row{}, numbers: map[string]int64{}, lastID: 1000}
}

// row returns the customer that a path names, nil if there is none.
func (b *book) row(path string) *row {
	if b == nil {
		return nil
	}
	return b.rows[idIn(path)]
}

func idIn(path string) int64 {
	id, _ := strconv.ParseInt(strings.TrimPrefix(path, customersPath+"/"), 10, 64)
	return id
}

func (b *book) serve(r *http.Request, body []byte) (int, []byte) {
	path := r.URL.Path
	switch {
	case path == customersPath && r.Method == http.MethodPost:
		return http.StatusCreated, b.keep(map[string]any{"StatusCode": 30001}, body)
	case path == customersPath:
		return http.StatusOK, b.filtered(r.URL.Query())
	case strings.HasPrefix(path, customersPath+"/"):
		return b.one(r.Method, idIn(path), body)
	case path == "/api/biz/currencycodes":
		return http.StatusOK, listed(map[string]any{"ID": 1, "Code": quoted(r.URL.Query())})
	case path == "/api/biz/countries":
		code := quoted(r.URL.Query())
		return http.StatusOK, listed(map[string]any{"ID": 1, "Name": code, "CountryCode": code})
	case path == "/api/biz/companysettings/1":
		return http.StatusOK, []byte(`{"ID":1}`)
	}
	return http.StatusNotFound, []byte(`{}`)
}

func (b *book) one(method string, id int64, body []byte) (int, []byte) {
	held := b.rows[id]
	if held == nil {
		return http.StatusNotFound, []byte(`{}`)
	}
	if method == http.MethodGet {
		return http.StatusOK, held.body
	}
	var present map[string]any
	_ = json.Unmarshal(held.body, &present) // written by ourselves
	return http.StatusOK, b.keep(present, body)
}

// keep merges a body into what is there, gives every new object an id, and returns the whole.
func (b *book) keep(present map[string]any, body []byte) []byte {
	var change map[string]any
	if json.Unmarshal(body, &change) != nil {
		return nil
	}
	b.merge(present, change)
	text, _ := json.Marshal(present) // it was JSON
	id := int64(present["ID"].(float64))
	marked, _ := found(text)
	b.rows[id] = &row{text, marked.mark}
	number, _ := json.Marshal(present["CustomerNumber"])
	b.numbers[strings.Trim(string(number), `"`)] = id
	return text
}

func (b *book) merge(present, change map[string]any) {
	for name, value := range change {
		if name == "_createguid" || (name == "ID" && value == 0.0) {
			continue
		}
		switch value := value.(type) {
		case map[string]any:
			present[name] = b.object(present[name], value)
		case []any:
			present[name] = b.list(present[name], value)
		default:
			present[name] = value
		}
	}
	if _, has := present["ID"]; !has {
		b.lastID++
		present["ID"] = float64(b.lastID)
	}
}

// object merges an object, or takes its place if it is a new one; one that is deleted is gone.
func (b *book) object(present any, change map[string]any) any {
	if change["Deleted"] == true {
		return nil
	}
	known, ok := present.(map[string]any)
	if !ok || known["ID"] != change["ID"] {
		known = map[string]any{}
	}
	b.merge(known, change)
	return known
}

func (b *book) list(present any, changes []any) []any {
	rows, _ := present.([]any)
	for _, change := range changes {
		wanted, _ := change.(map[string]any)
		place := len(rows)
		for number, one := range rows {
			if known, _ := one.(map[string]any); known["ID"] == wanted["ID"] {
				place = number
			}
		}
		if place == len(rows) {
			rows = append(rows, nil)
		}
		rows[place] = b.object(rows[place], wanted)
		if rows[place] == nil {
			rows = append(rows[:place], rows[place+1:]...)
		}
	}
	return rows
}

// filtered answers a list of customers: by number; what else is asked for finds nobody.
func (b *book) filtered(asked url.Values) []byte {
	number, isNumber := strings.CutPrefix(asked.Get("filter"), "CustomerNumber eq ")
	id, isKnown := b.numbers[number]
	if !isNumber || !isKnown {
		return []byte("[]")
	}
	return append(append([]byte("["), b.rows[id].body...), ']')
}

func quoted(asked url.Values) string {
	if parts := literal.FindStringSubmatch(asked.Get("filter")); parts != nil {
		return parts[1]
	}
	return ""
}

func listed(one map[string]any) []byte {
	text, _ := json.Marshal([]any{one}) // strings and numbers
	return text
}
