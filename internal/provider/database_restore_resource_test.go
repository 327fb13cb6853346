// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

const restoreAddress = "dbos_database_restore.test"

// restoreConfig is a configuration with one restore. A field that is empty is left out; Time and Source are
// expressions.
type restoreConfig struct {
	Name     string // default "rescued"
	Source   string
	Time     string
	Password string
	More     string
}

func (c restoreConfig) String() string {
	if c.Name == "" {
		c.Name = "rescued"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "resource \"dbos_database_restore\" \"test\" {\n  name = %q\n", c.Name)
	for _, attribute := range [][2]string{{"source_instance_name", c.Source}, {"restore_timestamp", c.Time}} {
		if attribute[1] != "" {
			fmt.Fprintf(&b, "  %s = %s\n", attribute[0], attribute[1])
		}
	}
	if c.Password != "" {
		fmt.Fprintf(&b, "  password = %q\n", c.Password)
	}
	return b.String() + "  deletion_protection = false\n" + c.More + "}\n"
}

// at writes a time as a string of a configuration.
func at(t time.Time, layout string) string { return fmt.Sprintf("%q", t.Format(layout)) }

func TestAccDatabaseRestore_life(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	c.Provision(t, "orders", "app", firstPassword)
	moment := time.Now().UTC()
	config := restoreConfig{Source: `"orders"`, Time: at(moment, time.RFC3339Nano), Password: secondPassword}
	otherSpelling, noOrigin, unknownTime, otherTime, otherSource := config, config, config, config, config
	otherSpelling.Time = at(moment.In(time.FixedZone("", 2*3600)), time.RFC3339Nano)
	noOrigin.Source, noOrigin.Time = "", ""
	unknownTime.Time = "timestamp()"
	otherTime.Time = at(moment.Add(-time.Millisecond), time.RFC3339Nano)
	otherSource.Source = `"other"`
	once := expectCalls(c, map[string]int{"POST databases/userdb/*/restore": 1, "POST databases/userdb/*/credentials": 1, "DELETE databases/userdb/*": 0})
	nothing := func(config fmt.Stringer) resource.TestStep {
		return resource.TestStep{
			Config: config.String(),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(restoreAddress, plancheck.ResourceActionNoop),
			}},
			Check: once,
		}
	}

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{
				Config: config.String(),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(restoreAddress, tfjsonpath.New("username"), knownvalue.StringExact("app")),
					statecheck.ExpectKnownValue(restoreAddress, tfjsonpath.New("hostname"), knownvalue.NotNull()),
					statecheck.ExpectKnownValue(restoreAddress, tfjsonpath.New("password"), knownvalue.StringExact(secondPassword)),
				},
				Check: once,
			},
			nothing(otherSpelling),
			nothing(noOrigin),
			nothing(unknownTime),
			{Config: otherTime.String(), ExpectError: says(`Database instance "rescued" is restored already`, "terraform taint dbos_database_restore.NAME", "-refresh=false")},
			{Config: otherSource.String(), ExpectError: says(`source_instance_name = "orders"`)},
			{
				ResourceName: restoreAddress, ImportState: true, ImportStateId: "rescued", ImportStateVerify: true,
				ImportStateVerifyIgnore: []string{"password", "deletion_protection", "source_instance_name", "restore_timestamp"},
			},
			{
				Config: "moved {\n  from = dbos_database_restore.test\n  to = dbos_database_instance.test\n}\n" +
					instanceConfig{Name: "rescued", Password: secondPassword, Protection: "false"}.String(),
				ConfigPlanChecks: expectAction(plancheck.ResourceActionNoop),
				Check:            once,
			},
		},
	})
}

func TestAccDatabaseRestore_importTakesTheOriginWithoutACall(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	c.Provision(t, "rescued", "app", firstPassword)
	config := restoreConfig{Source: `"orders"`, Time: `"2026-11-25T01:02:03Z"`}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{{
			Config: "import {\n  to = dbos_database_restore.test\n  id = \"rescued\"\n}\n" + config.String(),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(restoreAddress, tfjsonpath.New("source_instance_name"), knownvalue.StringExact("orders")),
			},
			Check: expectCalls(c, map[string]int{"POST databases/userdb/*/restore": 0, "POST databases/userdb/*/credentials": 0}),
		}},
	})
}

func TestAccDatabaseRestore_waitsForItsSource(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	source := instanceConfig{Name: "orders", Password: firstPassword, Protection: "false"}
	tooEarly := restoreConfig{Source: "dbos_database_instance.test.id", Time: `timeadd(timestamp(), "-1h")`}
	restore := restoreConfig{Source: tooEarly.Source, Time: "timestamp()"}
	c.Inject(localcloud.Fault{Method: "POST", Path: "databases/userdb/*/restore", Times: 1, Lose: true})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: c.Providers(),
		Steps: []resource.TestStep{
			{
				Config:      source.String() + tooEarly.String(),
				ExpectError: says("before the first backup"),
			},
			{
				PreConfig: func() {
					c.HoldStatus("orders", "backing-up")
					now := time.Now()
					acctest.Await(t, "a whole second, all that timestamp() tells, after the first backup", func() bool {
						return time.Now().Truncate(time.Second).After(now)
					})
				},
				Config: source.String() + restore.String(),
				Check:  expectCalls(c, map[string]int{"POST databases/userdb": 1}),
			},
		},
	})
}

func TestAccDatabaseRestore_plannedRules(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	c.Provision(t, "orders", "app", firstPassword)
	link := map[string]any{"Name": "linked", "HostName": "db.example.com", "Port": 5432, "Password": firstPassword, "captureProvenance": false}
	if status := c.Call(t, "POST", "databases/byod", link, nil); status/100 != 2 {
		t.Fatalf("linking by hand: status %d", status)
	}
	past := at(time.Now().UTC(), time.RFC3339)
	tests := map[string]struct {
		config restoreConfig
		want   []string
	}{
		"no source":     {restoreConfig{Time: past}, []string{"Missing source"}},
		"no time":       {restoreConfig{Source: `"orders"`}, []string{"Missing restore timestamp"}},
		"no zone":       {restoreConfig{Source: `"orders"`, Time: `"2026-11-25T01:02:03"`}, []string{"Invalid restore timestamp", "with its zone"}},
		"a date":        {restoreConfig{Source: `"orders"`, Time: `"2026-11-25"`}, []string{"Invalid restore timestamp"}},
		"future":        {restoreConfig{Source: `"orders"`, Time: at(time.Now().Add(time.Hour), time.RFC3339)}, []string{"in the future", "from now"}},
		"itself":        {restoreConfig{Source: `"rescued"`, Time: past}, []string{"The source cannot be the target"}},
		"linked source": {restoreConfig{Source: `"linked"`, Time: past}, []string{`"linked" cannot be restored`, "linked database"}},
		"long name":     {restoreConfig{Name: "seventeen_letters", Source: `"orders"`, Time: past}, []string{"Invalid instance name"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: c.Providers(),
				Steps:                    []resource.TestStep{{Config: tt.config.String(), PlanOnly: true, ExpectError: says(tt.want...)}},
			})
		})
	}
	t.Cleanup(func() {
		if n := c.Count("POST", "databases/userdb/*/restore"); n != 0 {
			t.Errorf("%d restores were sent", n)
		}
	})
}
