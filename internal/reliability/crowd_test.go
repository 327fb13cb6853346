// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
)

// crowd is how many objects there are.
type crowd struct{ instances, applications, secrets int } // secrets of each application

func (c crowd) objects() int { return c.instances + c.applications*(2+c.secrets) }

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

// crowdAtOnce is how many objects Terraform makes at once.
const crowdAtOnce = 50

// TestCrowd makes 900 objects in one apply, fifty at once, while the network is slow, throttles and loses answers. With
// -short it makes a quarter of them.
func TestCrowd(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	of := crowd{instances: 200, applications: 100, secrets: 5}
	if testing.Short() {
		of = crowd{instances: 50, applications: 25, secrets: 5}
	}
	c := acctest.Start(t)
	network := newRoughNetwork(t, c.Connection().Endpoint, seed)
	front := httptest.NewServer(network)
	t.Cleanup(front.Close)
	login := c.Environment()
	login["DBOS_ENDPOINT"] = front.URL
	w := newWorkspace(t, fmt.Sprintf(crowdConfig, of.instances, of.applications, of.secrets),
		"TF_VAR_source_dir="+applicationFolder(t, "1"), reattach(t, login))
	atOnce := fmt.Sprintf("-parallelism=%d", crowdAtOnce)

	if out, err := w.Run(t.Context(), "apply", "-auto-approve", atOnce); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	checkCrowd(t, c, of)
	checkAccepted(t, c, of)
	calls, refused, lost := network.check(t, of)
	if out, err := w.Run(t.Context(), "plan", "-detailed-exitcode", atOnce); err != nil {
		t.Errorf("the plan after the apply is not empty: %v\n%s", err, out)
	}
	record(t, fmt.Sprintf("an apply of %d objects, fifty at once, throttled to 20 calls a second, with 5 %% of the answers lost", of.objects()), 1,
		"one apply, nothing twice: %.1f calls an object, %d refused by the throttle, %d answers lost",
		float64(calls)/float64(of.objects()), refused, lost)
}

// checkCrowd asks the server for what there is: nothing is missing, and nothing has a second version.
func checkCrowd(t *testing.T, c *acctest.Cloud, of crowd) {
	t.Helper()
	var instances, applications []struct{ Status string }
	c.Call(t, http.MethodGet, "databases", nil, &instances)
	c.Call(t, http.MethodGet, "applications", nil, &applications)
	if len(instances) != of.instances || len(applications) != of.applications {
		t.Errorf("there are %d instances and %d applications", len(instances), len(applications))
	}
	for n := range of.applications {
		var versions []any
		var secrets []string
		c.Call(t, http.MethodGet, fmt.Sprintf("applications/app-%d/versions", n), nil, &versions)
		c.Call(t, http.MethodGet, fmt.Sprintf("applications/app-%d/secrets", n), nil, &secrets)
		if len(versions) != 1 || len(secrets) != of.secrets {
			t.Errorf("app-%d has %d versions and %d secrets", n, len(versions), len(secrets))
		}
	}
}

// checkAccepted counts the calls that make something and that the server has accepted.
func checkAccepted(t *testing.T, c *acctest.Cloud, of crowd) {
	t.Helper()
	accepted := map[string]int{}
	for _, request := range c.Requests() {
		call := strings.TrimPrefix(request.Path, "/v1alpha1/"+c.Connection().Organization+"/")
		if name, ok := strings.CutPrefix(call, "applications/"); ok && !strings.Contains(name, "/") && name != "secrets" {
			call = "applications/*"
		}
		if request.Status/100 == 2 {
			accepted[request.Method+" "+call]++
		}
	}
	for call, want := range map[string]int{
		"POST databases/userdb": of.instances,
		"PUT applications":      of.applications,
		"POST applications/*":   of.applications, // deploys
	} {
		if accepted[call] != want {
			t.Errorf("%s was accepted %d times, want %d", call, accepted[call], want)
		}
	}
}

// crowdName finds the object that a call is about, in its path or else in its body.
var crowdName = regexp.MustCompile(`\b(db_|app-)\d+\b`)

// callsOf… is how many calls an object may cost on average, mostOf… how many a single one may cost. A lost answer costs
// another look. If the lost answer is that to the create of an instance, the password has to be set and waited for too.
const (
	callsOfInstance    = 2 // a look, and the create: the polls are shared
	mostOfInstance     = 16
	callsOfApplication = 22 // with its five secrets and its deployment
	mostOfApplication  = 40
	// callsShared are lists, and who the user is. There are some forty, and more if a slow machine needs longer. Lists
	// that were not shared would be hundreds.
	callsShared = 120
)

// check counts the calls about each object. It returns how many calls were admitted and refused, and how many answers
// were lost.
func (n *roughNetwork) check(t *testing.T, of crowd) (total, refused, lost int) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	calls := map[string]int{}
	for c, times := range n.admitted {
		total += times
		calls[crowdName.FindString(c.path+" "+c.body)] += times
	}
	for name, times := range calls {
		most := mostOfInstance
		switch {
		case name == "":
			most = callsShared
		case strings.HasPrefix(name, "app-"):
			most = mostOfApplication
		}
		if times > most {
			t.Errorf("%d calls are about %q, want at most %d", times, name, most)
		}
	}
	if most := (callsOfInstance*of.instances+callsOfApplication*of.applications)*6/5 + callsShared; total > most {
		t.Errorf("%d calls in all, want at most %d", total, most)
	}
	n.checkPatience(t)
	return total, len(n.refusals), n.lost
}

// checkPatience looks for callers that have not waited for as long as they were told.
func (n *roughNetwork) checkPatience(t *testing.T) {
	t.Helper()
	if len(n.refusals) == 0 || n.lost == 0 {
		t.Error("the network was not rough")
	}
	if len(n.hasty) > 0 {
		t.Errorf("%d writes came again before Retry-After allowed it, such as %s %s", len(n.hasty), n.hasty[0].method, n.hasty[0].path)
	}
	const callers = crowdAtOnce + 2 // one for each object, and the two shared polls
	if most := n.mostRefused(); most > callers {
		t.Errorf("%d calls were refused within %s, want at most one for each of %d callers", most, n.retryAfter, callers)
	}
}
