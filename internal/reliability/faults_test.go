// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// wrong is one way in which a call goes wrong.
type wrong struct {
	name  string
	fault localcloud.Fault
	only  []string      // how long; all lengths if it is empty
	retry time.Duration // the provider's retry_timeout; the matrix's own if it is 0
}

// lengths are how long a call goes wrong. A while is shorter than the provider's retry_timeout.
var lengths = map[string]func(*localcloud.Fault){
	"once":        func(f *localcloud.Fault) { f.Times = 1 },
	"three times": func(f *localcloud.Fault) { f.Times = 3 },
	"a while":     func(f *localcloud.Fault) { f.For = 60 * time.Millisecond },
	"for ever":    func(*localcloud.Fault) {},
}

const (
	page    = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
	once    = "once"
	forEver = "for ever"
)

func refusal(status int, message string) localcloud.Fault {
	return localcloud.Fault{
		Status: status, Header: map[string]string{"Content-Type": "application/json"},
		Body: fmt.Sprintf(`{"message":%q,"statusCode":%d,"requestID":"fault"}`, message, status),
	}
}

// wrongs are all ways. Those with a status are played before the server acts, and after it where a proxy could hide the
// answer.
func wrongs() []wrong {
	list := []wrong{
		{name: "reset before it acts", fault: localcloud.Fault{Drop: true}},
		{name: "acts, answer lost", fault: localcloud.Fault{Lose: true}},
		{name: "hangs, then acts", fault: localcloud.Fault{Hang: true, After: true}, only: []string{once, forEver}},
		{name: "hangs", fault: localcloud.Fault{Hang: true}, only: []string{once, forEver}},
		{name: "401", fault: refusal(http.StatusUnauthorized, "token expired")},
		{name: "403", fault: refusal(http.StatusForbidden, "forbidden")},
		{name: "403 page", fault: localcloud.Fault{Status: http.StatusForbidden, Body: page}},
		{name: "404 page", fault: localcloud.Fault{Status: http.StatusNotFound, Body: page}},
		{name: "404 empty", fault: localcloud.Fault{Status: http.StatusNotFound}},
		{name: "408", fault: refusal(http.StatusRequestTimeout, "timeout")},
		{name: "409 not available", fault: refusal(http.StatusConflict, "the instance is not in an available state")},
		{name: "busy", fault: refusal(http.StatusBadRequest, "application is busy")},
		{name: "429", fault: refusal(http.StatusTooManyRequests, "too many requests")},
		{name: "200 page", fault: localcloud.Fault{Status: http.StatusOK, Header: map[string]string{"Content-Type": "text/html"}, Body: page}},
		{name: "redirect", fault: localcloud.Fault{Status: http.StatusTemporaryRedirect, Header: map[string]string{"Location": "https://192.0.2.1/v1alpha1/elsewhere"}}},
		{name: "slow trickle", fault: localcloud.Fault{Trickle: 100 * time.Microsecond}},
		{name: "slow", fault: localcloud.Fault{Latency: 20 * time.Millisecond}},
		{name: "visible later", fault: localcloud.Fault{Unseen: 60 * time.Millisecond}, only: []string{forEver}},
	}
	for _, answer := range []struct {
		status int
		body   string
	}{{500, `{"message":"internal error","statusCode":500,"requestID":"fault"}`}, {502, page}, {503, ""}, {504, ""}} {
		fault := localcloud.Fault{Status: answer.status, Body: answer.body}
		list = append(list, wrong{name: fmt.Sprint(answer.status), fault: fault})
		fault.After = true
		list = append(list, wrong{name: fmt.Sprint(answer.status) + " after it acted", fault: fault})
	}
	for _, wait := range []struct {
		name string
		wait time.Duration
		date bool
	}{{"seconds", time.Second, false}, {"a date", 2 * time.Second, true}, {"longer than is left", time.Hour, false}} {
		fault := refusal(http.StatusTooManyRequests, "too many requests")
		fault.RetryAfter, fault.RetryDate = wait.wait, wait.date
		list = append(list, wrong{name: "429, Retry-After in " + wait.name, fault: fault, only: []string{once}, retry: 4 * time.Second})
	}
	for _, alteration := range localcloud.Alterations {
		one := wrong{name: "answer: " + string(alteration), fault: localcloud.Fault{Alter: alteration}}
		if alteration == localcloud.AlterHuge { // 20 MiB each time.
			one.only = []string{once}
		}
		list = append(list, one)
	}
	return list
}

// played are the lengths for which a call goes wrong so.
func (w wrong) played() []string {
	if len(w.only) > 0 {
		return w.only
	}
	return slices.Sorted(maps.Keys(lengths))
}
