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
	name   string
	fault  localcloud.Fault
	outage bool     // no later call gets through either; the length is that of the outage
	only   []string // how long; all lengths if it is empty
}

// lengths are how long a call goes wrong. The unit is a second, or what stands for one.
var lengths = map[string]func(f *localcloud.Fault, unit time.Duration){
	once:       func(f *localcloud.Fault, _ time.Duration) { f.Times = 1 },
	threeTimes: func(f *localcloud.Fault, _ time.Duration) { f.Times = 3 },
	for20s:     func(f *localcloud.Fault, unit time.Duration) { f.For = 20 * unit },
	forEver:    func(*localcloud.Fault, time.Duration) {},
}

const (
	page       = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
	once       = "once"
	threeTimes = "three times"
	for20s     = "for 20 s"
	forEver    = "for ever"
)

func refusal(status int, message string) localcloud.Fault {
	return localcloud.Fault{
		Status: status, Header: map[string]string{"Content-Type": "application/json"},
		Body: fmt.Sprintf(`{"message":%q,"statusCode":%d,"requestID":"fault"}`, message, status),
	}
}

// wrongs are all ways. Those with a status are played before the server acts, and after it where a proxy could hide the
// answer.
func wrongs(unit time.Duration) []wrong {
	list := []wrong{
		{name: "reset before it acts", fault: localcloud.Fault{Drop: true}},
		{name: "acts, answer lost", fault: localcloud.Fault{Lose: true}},
		{name: "acts, answer lost, then an outage", fault: localcloud.Fault{Lose: true}, outage: true, only: []string{for20s, forEver}},
		{name: "hangs, then acts", fault: localcloud.Fault{Hang: true, After: true}},
		{name: "hangs", fault: localcloud.Fault{Hang: true}},
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
		{name: "slow trickle", fault: localcloud.Fault{Trickle: unit / 500}},
		{name: "trickle that takes an hour", fault: localcloud.Fault{Trickle: 10 * unit}},
		{name: "slow", fault: localcloud.Fault{Latency: 5 * unit}},
		{name: "visible later", fault: localcloud.Fault{Unseen: 20 * unit}, only: []string{forEver}},
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
	}{{"in seconds", max(7*unit, time.Second), false}, {"as a date", max(10*unit, 2*time.Second), true}, {"longer than is left", time.Hour, false}} {
		fault := refusal(http.StatusTooManyRequests, "too many requests")
		fault.RetryAfter, fault.RetryDate = wait.wait, wait.date
		list = append(list, wrong{name: "429, Retry-After " + wait.name, fault: fault})
	}
	for _, alteration := range localcloud.Alterations {
		one := wrong{name: "answer: " + string(alteration), fault: localcloud.Fault{Alter: alteration}}
		if alteration == localcloud.AlterHuge { // 20 MiB each time.
			one.only = []string{once, threeTimes}
		}
		list = append(list, one)
	}
	return list
}

// played are the lengths of time for which a call goes wrong in this way.
func (w wrong) played() []string {
	if len(w.only) > 0 {
		return w.only
	}
	return slices.Sorted(maps.Keys(lengths))
}
