// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
)

const (
	crowdInstances    = 200
	crowdApplications = 100
	crowdSecrets      = 5 // of each application
)

// crowdConfig makes a crowd. Every second instance has an application.
const crowdConfig = `
variable "source_dir" {
  type = string
}

locals {
  applications = toset([for n in range(%[2]d) : format("app-%%d", n)])
  secrets      = merge([for app in local.applications : { for n in range(%[3]d) : "${app}/SECRET_${n}" => app }]...)
}

resource "dbos_database_instance" "crowd" {
  count               = %[1]d
  name                = "db_${count.index}"
  username            = "alice"
  password            = "Correct-horse-7"
  deletion_protection = false
}

resource "dbos_application" "crowd" {
  for_each               = local.applications
  name                   = each.key
  database_instance_name = dbos_database_instance.crowd[2 * tonumber(trimprefix(each.key, "app-"))].id
  language               = "node"
}

resource "dbos_application_secret" "crowd" {
  for_each         = local.secrets
  application_name = dbos_application.crowd[each.value].id
  name             = split("/", each.key)[1]
  value            = "value-of-${each.key}"
}

resource "dbos_application_deployment" "crowd" {
  for_each         = local.applications
  application_name = dbos_application.crowd[each.key].id
  source_dir       = var.source_dir
  depends_on       = [dbos_application_secret.crowd]
}
`

// TestCrowd makes 900 objects in one apply, fifty at once, while the network is slow, throttles and loses answers.
func TestCrowd(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	c := acctest.Start(t)
	network := newRoughNetwork(t, c.Connection().Endpoint, seed)
	front := httptest.NewServer(network)
	t.Cleanup(front.Close)

	source := t.TempDir()
	for name, content := range map[string]string{"package.json": "{}", "dbos-config.yaml": "name: crowd\nlanguage: node\n"} {
		if err := os.WriteFile(filepath.Join(source, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	login := c.Environment()
	login["DBOS_ENDPOINT"] = front.URL
	w := newWorkspace(t, fmt.Sprintf(crowdConfig, crowdInstances, crowdApplications, crowdSecrets),
		"TF_VAR_source_dir="+source, reattach(t, login))

	if out, err := w.Run(t.Context(), "apply", "-auto-approve", "-parallelism=50"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	made := requestsOf(c)
	if out, err := w.Run(t.Context(), "plan", "-detailed-exitcode", "-parallelism=50"); err != nil {
		t.Errorf("the plan after the apply is not empty: %v\n%s", err, out)
	}

	for call, want := range map[string]int{
		"POST databases/userdb": crowdInstances,
		"PUT applications":      crowdApplications,
		"POST applications/*":   crowdApplications, // deploys
	} {
		if got := made.accepted[call]; got != want {
			t.Errorf("%s was accepted %d times, want %d", call, got, want)
		}
	}
	checkCrowd(t, c)

	objects := crowdInstances + crowdApplications*(2+crowdSecrets)
	network.mu.Lock()
	defer network.mu.Unlock()
	if len(network.hasty) > 0 {
		t.Errorf("%d writes came again before Retry-After allowed it, such as %s", len(network.hasty), network.hasty[0])
	}
	if network.throttled == 0 || network.lost == 0 {
		t.Error("the network was not rough")
	}
	// A look before, the write and a look after it; polls are shared.
	if limit := 4 * objects; made.total > limit {
		t.Errorf("%d calls for %d objects, want at most %d", made.total, objects, limit)
	}
	record(t, fmt.Sprintf("an apply of %d objects, fifty at once, throttled to 20 calls a second, with 5 %% of the answers lost", objects), 1,
		"one apply, nothing twice: %.1f calls an object, %d refused by the throttle, %d answers lost", float64(made.total)/float64(objects), network.throttled, network.lost)
}

// checkCrowd asks the server for what there is: nothing is missing, and nothing has a second version.
func checkCrowd(t *testing.T, c *acctest.Cloud) {
	t.Helper()
	var instances, applications []struct{ Status string }
	c.Call(t, http.MethodGet, "databases", nil, &instances)
	c.Call(t, http.MethodGet, "applications", nil, &applications)
	if len(instances) != crowdInstances || len(applications) != crowdApplications {
		t.Errorf("there are %d instances and %d applications", len(instances), len(applications))
	}
	for n := range crowdApplications {
		var versions []any
		var secrets []string
		c.Call(t, http.MethodGet, fmt.Sprintf("applications/app-%d/versions", n), nil, &versions)
		c.Call(t, http.MethodGet, fmt.Sprintf("applications/app-%d/secrets", n), nil, &secrets)
		if len(versions) != 1 || len(secrets) != crowdSecrets {
			t.Errorf("app-%d has %d versions and %d secrets", n, len(versions), len(secrets))
		}
	}
}

// counts are the requests that reached the local cloud.
type counts struct {
	total    int
	accepted map[string]int // by call, names replaced with *
}

func requestsOf(c *acctest.Cloud) counts {
	made := counts{accepted: map[string]int{}}
	below := "/v1alpha1/" + c.Connection().Organization + "/"
	requests := c.Requests()
	made.total = len(requests)
	for _, request := range requests {
		call := strings.TrimPrefix(request.Path, below)
		if name, ok := strings.CutPrefix(call, "applications/"); ok && !strings.Contains(name, "/") && name != "secrets" {
			call = "applications/*"
		}
		if request.Status/100 == 2 {
			made.accepted[request.Method+" "+call]++
		}
	}
	return made
}
