// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// waitRows are what making instances costs beyond the service's own time.
var waitRows = []row{
	{"create", "calls to create one instance, beyond the polls", 3, "", createCalls},
	{"noticed", "from ready to noticed, instance that takes 12 s", 1.5, "s", noticed},
	{"patient", "the same, instance that takes 5 min", 15, "s", noticedLate},
	{"polls", "polling calls while 100 instances are created at once, against those for one", 1.2, "×", pollRatio},
}

// slow is how long an instance takes that is waited for.
const slow = 12 * time.Second

// one is the site of one instance, which was waited for.
func (b *bench) one(ctx context.Context) (_ *site, err error) {
	if b.single == nil {
		b.single, err = b.applied(ctx, "one", 1, slow)
	}
	return b.single, err
}

// polls are the reads after the last write.
func (s *site) polls() []localcloud.Request {
	last := 0
	for i, r := range s.cloud.Requests() {
		if r.Method != http.MethodGet {
			last = i
		}
	}
	return s.calls(last, func(r localcloud.Request) bool {
		return r.Method == http.MethodGet && strings.Contains(r.Path, "/databases")
	})
}

func createCalls(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.one(ctx)
	if err != nil {
		return 0, "", err
	}
	polls := s.polls()
	return float64(len(s.cloud.Requests()) - len(polls)), fmt.Sprintf("and %d polls in %v", len(polls), slow), nil
}

func noticed(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.one(ctx)
	if err != nil {
		return 0, "", err
	}
	return s.noticed(slow)
}

func noticedLate(ctx context.Context, b *bench) (float64, string, error) {
	const late = 5 * time.Minute
	s, err := b.applied(ctx, "patient", 1, late)
	if err != nil {
		return 0, "", err
	}
	return s.noticed(late)
}

// noticed is how long after the instance was ready the last poll came.
func (s *site) noticed(provisionTime time.Duration) (float64, string, error) {
	posts := s.calls(0, func(r localcloud.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/databases/userdb")
	})
	polls := s.polls()
	if len(posts) != 1 || len(polls) == 0 {
		return 0, "", fmt.Errorf("%d creates and %d polls were seen", len(posts), len(polls))
	}
	return polls[len(polls)-1].Time.Sub(posts[0].Time.Add(provisionTime)).Seconds(), "", nil
}

func pollRatio(ctx context.Context, b *bench) (float64, string, error) {
	single, err := b.one(ctx)
	if err != nil {
		return 0, "", err
	}
	hundred, err := b.applied(ctx, "hundred", 100, slow)
	if err != nil {
		return 0, "", err
	}
	polls := len(hundred.polls())
	return float64(polls) / float64(len(single.polls())), fmt.Sprintf("%d calls", polls), nil
}
