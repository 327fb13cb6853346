// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// interrupting is an archive that interrupts the operation at its end.
type interrupting struct{ interrupt func() }

func (i interrupting) Size() int64 { return 3 }

func (i interrupting) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader("zip"), atEnd(i.interrupt))), nil
}

// atEnd is an empty reader that calls a function.
type atEnd func()

func (do atEnd) Read([]byte) (int, error) {
	do()
	return 0, io.EOF
}

// TestLostDeployIsLookedForAfterAnInterrupt checks that a version which exists is found, and that nothing is sent
// again.
func TestLostDeployIsLookedForAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		after   string // the versions' answer, "" is none
		version string
		err     string
	}{
		"carried out": {`[{"Version":"v2"},{"Version":"v1"}]`, "v2", ""},
		"not":         {`[{"Version":"v1"}]`, "", "unexpected EOF; it had no effect before the operation ended: context canceled"},
		"not seen":    {"", "", "unexpected EOF; it may have taken effect, but the operation ended before this was checked: context canceled"},
	} {
		synctest.Test(t, func(t *testing.T) {
			versions := `[{"Version":"v1"}]`
			c, w := wired(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodPost:
					versions = test.after
					wiretest.Lose(w, r)
				case versions == "":
					<-r.Context().Done()
				case strings.HasSuffix(r.URL.Path, "/versions"):
					wiretest.OK(versions)(w, r)
				default:
					wiretest.OK(`{"Name":"shop","Status":"AVAILABLE","Version":"v1"}`)(w, r)
				}
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			version, err := deploy(ctx, c, interrupting{cancel})
			switch {
			case version != test.version || (err == nil) != (test.err == ""):
				t.Errorf("%s: version %q, error %v", name, version, err)
			case err != nil && (!errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || !strings.HasSuffix(err.Error(), test.err)):
				t.Errorf("%s: error %v", name, err)
			}
			if n := w.Count("POST /acme/applications/shop"); n != 1 {
				t.Errorf("%s: it was sent %d times", name, n)
			}
		})
	}
}

// TestInterruptedRedeployOfTheRunningVersion checks that nothing is claimed of a deploy which would show nowhere.
func TestInterruptedRedeployOfTheRunningVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c, w := scripted(t, runningShop(func(w http.ResponseWriter, r *http.Request) {
			cancel()
			wiretest.Lose(w, r)
		}))
		_, err := deployVersion(ctx, c, "v1")
		wiretest.ExpectError(t, err, `DBOS Cloud gave no answer to POST /v1alpha1/acme/applications/shop: unexpected EOF; `+
			`it may have taken effect before the operation ended, which nothing shows: version "v1" ran before too: context canceled`)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %#v", err)
		}
		if n := w.Count("POST /acme/applications/shop"); n != 1 {
			t.Errorf("it was sent %d times", n)
		}
	})
}
