// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

const many = 1000

// loadRows are what a large configuration costs.
var loadRows = []row{
	{"refresh", "API calls to refresh 1,000 instances", 3, "", refreshCalls},
	{"latency", "what 50 ms latency adds to a plan of 1,000 unchanged instances", 0.3, "s", latencyAdds},
	{"plan", "the same plan at no latency, against 1,000 built-in `terraform_data`", 3.3, "×", planRatio},
}

// fleet is the site of many unchanged instances, applied once.
func (b *bench) fleet(ctx context.Context) (_ *site, err error) {
	if b.many == nil {
		b.many, err = b.applied(ctx, "fleet", many, 10*time.Millisecond)
	}
	return b.many, err
}

func refreshCalls(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.fleet(ctx)
	if err != nil {
		return 0, "", err
	}
	before := len(s.cloud.Requests())
	if _, err := s.Run(ctx, "plan", "-detailed-exitcode"); err != nil {
		return 0, "", err
	}
	return float64(len(s.cloud.Requests()) - before), "", nil
}

func latencyAdds(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.fleet(ctx)
	if err != nil {
		return 0, "", err
	}
	none, err := timePlan(ctx, s.Workspace)
	if err != nil {
		return 0, "", err
	}
	remove := s.cloud.Inject(localcloud.Fault{Latency: 50 * time.Millisecond})
	defer remove()
	some, err := timePlan(ctx, s.Workspace)
	return max(some-none, 0), "", err
}

func planRatio(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.fleet(ctx)
	if err != nil {
		return 0, "", err
	}
	theirs, err := b.builtin(ctx, "builtin", fmt.Sprintf("resource \"terraform_data\" \"all\" {\n  count = %d\n  input = count.index\n}\n", many))
	if err != nil {
		return 0, "", err
	}
	seconds, ratio, err := againstPlan(ctx, s.Workspace, theirs)
	return ratio, fmt.Sprintf("%.1f s", seconds), err
}

// builtin applies a configuration of resources that Terraform has in itself.
func (b *bench) builtin(ctx context.Context, name, configuration string) (*workspace.Workspace, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(configuration), 0o644); err != nil {
		return nil, err
	}
	w := &workspace.Workspace{Dir: dir, Engine: b.engine}
	for _, args := range [][]string{{"init"}, {"apply", "-auto-approve"}} {
		if _, err := w.Run(ctx, args...); err != nil {
			return nil, err
		}
	}
	return w, nil
}

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
	return float64(len(hundred.polls())) / float64(len(single.polls())), fmt.Sprintf("%d calls", len(hundred.polls())), nil
}
