// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

const (
	samples   = 50
	sampledAt = 6 // at once: a run mostly waits
	// sampleUnit stands for a second in the faults' times.
	sampleUnit = 50 * time.Millisecond
	// sampleLimit leaves a slow machine the time for a password, whose change has to last for five seconds.
	sampleLimit = "15s"
	// hasty has the provider give up soon while a call goes wrong. Without that it is patient, as the machine may stall.
	hasty   = "provider \"dbos\" {\n  retry_timeout   = \"3s\"\n  request_timeout = \"2s\"\n}\n\n"
	patient = ""
)

// TestSample plays fifty cases of the matrix through the real binaries, with the product's own timing. The seed in
// DBOS_SAMPLE_SEED draws the same cases again.
func TestSample(t *testing.T) {
	t.Parallel()
	seed := fromEnvironment(t, "DBOS_SAMPLE_SEED", uint64(time.Now().UnixNano()))
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	source, other := applicationFolder(t, "1"), applicationFolder(t, "2")
	list := slices.DeleteFunc(scenarios(), func(s scenario) bool { return s.after == nil || s.adopted })
	calls := callsOfAll(t, list, source, other)

	queue := make(chan trial)
	var group sync.WaitGroup
	for range sampledAt {
		w := newRealWorld(t, source, other)
		group.Go(func() {
			for c := range queue {
				if err := w.sample(c); err != nil {
					t.Errorf("%s: %v", c, err)
				}
			}
		})
	}
	for range samples {
		i := random.IntN(len(list))
		queue <- anyOf(random, casesOf(&list[i], anyOf(random, calls[i]), sampleUnit))
	}
	close(queue)
	group.Wait()
	record(t, "the same through the real binaries, drawn by chance", samples, "all converge with at most one more apply")
}

func anyOf[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// sample plays one case with real Terraform: it applies while the call goes wrong, then follows the way on.
func (w *world) sample(c trial) error {
	s := c.scenario
	n := w.names()
	w.make(s, n)
	trace := filepath.Join(w.t.TempDir(), "trace.log")
	tf := newWorkspace(w.t, "", append(w.cloud.Variables(), "TF_LOG_PROVIDER=TRACE", "TF_LOG_PATH="+trace)...)
	if s.before != nil {
		if out, err := w.apply(tf, patient, s.kind, limited(s.before(n), "30s")); err != nil {
			return fmt.Errorf("before: %w\n%s", err, out)
		}
	}
	time.Sleep(c.wrong.fault.Unseen)
	before := len(w.cloud.Requests())
	lift := w.inject(c.faults(sampleUnit))
	said, firstErr := w.apply(tf, hasty, s.kind, limited(s.after(n), sampleLimit))
	lift()
	logged, err := os.ReadFile(trace)
	if err != nil {
		return err
	}
	if err := errors.Join(w.hidesSecrets(strings.ReplaceAll(said, "\n", "")), w.hidesSecrets(string(logged))); err != nil {
		return err
	}
	if firstErr != nil {
		if err := w.goOn(tf, s, n); err != nil {
			return fmt.Errorf("%w\nfirst:\n%s", err, said)
		}
	}
	if err := configure(tf, patient, s.kind, limited(s.after(n), sampleLimit)); err != nil {
		return err
	}
	if out, err := tf.Run(w.t.Context(), "plan", "-detailed-exitcode"); err != nil {
		return fmt.Errorf("the plan is not empty: %w\n%s\nfirst:\n%s", err, out, said)
	}
	return w.check(s, n, before)
}

func limited(set config, limit string) config {
	set["timeouts"] = config{"create": limit, "update": limit, "delete": limit}
	return set
}

// goOn does what the documentation says after a failed apply: it takes the taint off what exists, and applies again.
func (w *world) goOn(tf *workspace.Workspace, s *scenario, n named) error {
	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Address string
					Tainted bool
				}
			} `json:"root_module"`
		}
	}
	if err := tf.JSON(w.t.Context(), &state, "show", "-json"); err != nil {
		return err
	}
	for _, resource := range state.Values.RootModule.Resources {
		if !resource.Tainted {
			continue
		}
		if out, err := tf.Run(w.t.Context(), "untaint", resource.Address); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
	}
	if out, err := w.apply(tf, patient, s.kind, limited(s.after(n), sampleLimit)); err != nil {
		return fmt.Errorf("one more apply does not work: %w\n%s", err, out)
	}
	return nil
}

func configure(tf *workspace.Workspace, provider, kind string, set config) error {
	text := acctest.Requirements + provider + block(kind, set)
	return os.WriteFile(filepath.Join(tf.Dir, "main.tf"), []byte(text), 0o600)
}

func (w *world) apply(tf *workspace.Workspace, provider, kind string, set config) (string, error) {
	if err := configure(tf, provider, kind, set); err != nil {
		return "", err
	}
	out, err := tf.Run(w.t.Context(), "apply", "-auto-approve")
	var failed *workspace.RunError
	if errors.As(err, &failed) {
		return out, fmt.Errorf("exit code %d", failed.Code)
	}
	return out, err
}

// block writes a resource as Terraform reads it.
func block(kind string, set config) string {
	var b strings.Builder
	fmt.Fprintf(&b, "resource %q \"test\" {\n", kind)
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if nested, ok := set[name].(config); ok {
			fmt.Fprintf(&b, "  %s {\n", name)
			for _, inner := range slices.Sorted(maps.Keys(nested)) {
				fmt.Fprintf(&b, "    %s = %s\n", inner, literal(nested[inner]))
			}
			b.WriteString("  }\n")
			continue
		}
		fmt.Fprintf(&b, "  %s = %s\n", name, literal(set[name]))
	}
	b.WriteString("}\n")
	return b.String()
}

// literal writes a string, a number or a truth value, which JSON and Terraform write alike.
func literal(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return "null"
	}
	return string(encoded)
}
