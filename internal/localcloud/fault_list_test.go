// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhichRequestsAFaultHits(t *testing.T) {
	t.Parallel()
	const (
		list    = "GET /v1alpha1/local/databases"
		info    = "GET /v1alpha1/local/databases/userdb/info/abc"
		profile = "GET /v1alpha1/user/profile"
		token   = "POST /oauth/token"
	)
	tests := map[string]struct {
		fault    Fault
		requests []string
		hits     string // of the requests in turn, x for a hit
	}{
		"all":                        {Fault{}, []string{list, info, profile, token}, "xxxx"},
		"times":                      {Fault{Times: 2}, []string{list, list, list, list}, "xx.."},
		"skip":                       {Fault{Skip: 2}, []string{list, list, list, list}, "..xx"},
		"skip and times":             {Fault{Skip: 1, Times: 2}, []string{list, list, list, list}, ".xx."},
		"method":                     {Fault{Method: "POST"}, []string{list, token}, ".x"},
		"path":                       {Fault{Path: "databases"}, []string{list, info}, "x."},
		"pattern":                    {Fault{Path: "databases/userdb/info/*"}, []string{list, info}, ".x"},
		"profile":                    {Fault{Path: "user/profile"}, []string{list, profile}, ".x"},
		"token":                      {Fault{Path: "oauth/token"}, []string{list, token}, ".x"},
		"skips what it matches only": {Fault{Path: "databases", Skip: 1}, []string{info, list, info, list}, "...x"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f faultList
			f.add(test.fault)
			hits := ""
			for _, request := range test.requests {
				method, path, _ := strings.Cut(request, " ")
				if _, hit := f.hit(method, path, time.Now()); hit {
					hits += "x"
				} else {
					hits += "."
				}
			}
			if hits != test.hits {
				t.Errorf("it hits %s, want %s", hits, test.hits)
			}
		})
	}
}

// TestHowOftenAFaultHits covers the rules that depend on time and chance.
func TestHowOftenAFaultHits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		count := func(f Fault, requests int, apart time.Duration) (hits int) {
			var list faultList
			list.add(f)
			for range requests {
				if _, hit := list.hit("GET", "/v1alpha1/local/databases", time.Now()); hit {
					hits++
				}
				time.Sleep(apart)
			}
			return hits
		}
		if hits := count(Fault{For: 20 * time.Second}, 100, time.Second); hits != 20 {
			t.Errorf("in 20 s, a request a second, %d are hit", hits)
		}
		if hits := count(Fault{Rate: 20}, 1000, 25*time.Millisecond); hits < 470 || hits > 490 {
			t.Errorf("of 40 requests a second, with 20 let by, %d of 1000 are hit", hits)
		}
		if hits := count(Fault{Rate: 20}, 1000, 50*time.Millisecond); hits != 0 {
			t.Errorf("of 20 requests a second, with 20 let by, %d of 1000 are hit", hits)
		}
		if hits := count(Fault{Chance: 0.05}, 100_000, 0); hits < 4500 || hits > 5500 {
			t.Errorf("with a chance of 0.05 %d of 100,000 are hit", hits)
		}
		if hits := count(Fault{Chance: 0.5, Times: 3}, 1000, 0); hits != 3 {
			t.Errorf("with a chance of 0.5, three times, %d of 1000 are hit", hits)
		}
	})
}
