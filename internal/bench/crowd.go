// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// crowdRows are what many applications cost.
var crowdRows = []row{
	{"crowd", "API calls to refresh 100 applications, each with a deployment, three secrets and a build (601 objects)", 102, "", crowdCalls},
	{"crowdplan", "the same plan at no latency, against 601 built-in `terraform_data` of the same shape", 1.6, "×", crowdPlan},
	{"crowdmake", "calls to make each of these objects, beyond the polls", 3, "", crowdMake},
	{"deploys", "polling calls while 100 applications are deployed at once, against those for one", 1.2, "×", deployPolls},
}

const crowd = 100

// crowdObjects are so many applications and what belongs to them, each object in a block of its own, as an inventory
// that was adopted has them. Their instance belongs to another configuration.
func crowdObjects(n int) string {
	var b strings.Builder
	b.WriteString(`
terraform {
  required_providers {
    dbos = { source = "dbos-community/dbos" }
  }
}
resource "terraform_data" "instance" {
  input = "shared"
}
`)
	for i := range n {
		fmt.Fprintf(&b, `
resource "terraform_data" "build%[1]d" {
  input = "build %[1]d"
}
resource "dbos_application" "a%[1]d" {
  name                   = "app%[1]d"
  database_instance_name = terraform_data.instance.output
  language               = "node"
}
resource "dbos_application_deployment" "a%[1]d" {
  application_name = dbos_application.a%[1]d.id
  source_dir       = "${path.module}/app"
  triggers         = { build = terraform_data.build%[1]d.id, a = dbos_application_secret.a%[1]d_0.id, b = dbos_application_secret.a%[1]d_1.id, c = dbos_application_secret.a%[1]d_2.id }
}
`, i)
		for j := range 3 {
			fmt.Fprintf(&b, `
resource "dbos_application_secret" "a%[1]d_%[2]d" {
  application_name = dbos_application.a%[1]d.id
  name             = "KEY_%[2]d"
  value            = "value %[1]d"
}
`, i, j)
		}
	}
	return b.String()
}

// builtinCrowd has the same shape in resources that Terraform has in itself.
func builtinCrowd(n int) string {
	var b strings.Builder
	b.WriteString("resource \"terraform_data\" \"instance\" {\n  input = \"shared\"\n}\n")
	for i := range n {
		fmt.Fprintf(&b, `
resource "terraform_data" "build%[1]d" {
  input = "build %[1]d"
}
resource "terraform_data" "a%[1]d" {
  input = { name = "app%[1]d", instance = terraform_data.instance.output, language = "node" }
}
resource "terraform_data" "d%[1]d" {
  input = {
    application = terraform_data.a%[1]d.id, source_dir = "${path.module}/app"
    triggers    = { build = terraform_data.build%[1]d.id, a = terraform_data.a%[1]d_0.id, b = terraform_data.a%[1]d_1.id, c = terraform_data.a%[1]d_2.id }
  }
}
`, i)
		for j := range 3 {
			fmt.Fprintf(&b, `
resource "terraform_data" "a%[1]d_%[2]d" {
  input = { application = terraform_data.a%[1]d.id, name = "KEY_%[2]d", value = "value %[1]d" }
}
`, i, j)
		}
	}
	return b.String()
}

// deployTime is how long an application is deploying.
const deployTime = 10 * time.Second

// crowded makes a site of so many applications and applies it, all at once.
func (b *bench) crowded(ctx context.Context, name string, n int) (*crowdSite, error) {
	server, err := b.start(ctx, 10*time.Millisecond)
	if err != nil {
		return nil, err
	}
	if err := provision(ctx, server, "shared"); err != nil {
		return nil, err
	}
	endpoint, err := b.deployingAt(server.Connection().Endpoint)
	if err != nil {
		return nil, err
	}
	s, err := b.openAt(ctx, name, crowdObjects(n), server, endpoint)
	if err != nil {
		return nil, err
	}
	s.Env = append(s.Env, "DBOS_ORGANIZATION="+server.Connection().Organization)
	if err := writeApplication(filepath.Join(s.Dir, "app"), 0); err != nil {
		return nil, err
	}
	before := len(server.Requests())
	if _, err := s.Run(ctx, "apply", "-auto-approve", "-parallelism=100"); err != nil {
		return nil, err
	}
	made := &crowdSite{site: s}
	made.polls, made.others, err = split(server.Requests()[before:])
	return made, err
}

// crowdSite is a site of applications and how many calls it took to make them.
type crowdSite struct {
	*site
	polls, others int
}

// split counts the looks at applications after the last deploy was sent, and all other calls.
func split(requests []localcloud.Request) (polls, others int, err error) {
	deploys := slices.DeleteFunc(slices.Clone(requests), func(r localcloud.Request) bool {
		_, below, found := strings.Cut(r.Path, "/applications/")
		return r.Method != http.MethodPost || !found || below == "secrets" || strings.Contains(below, "/")
	})
	if len(deploys) == 0 {
		return 0, 0, errors.New("no deploy was seen")
	}
	last := deploys[len(deploys)-1].Time
	for _, r := range requests {
		if r.Method == http.MethodGet && strings.Contains(r.Path, "/applications") && r.Time.After(last) {
			polls++
		}
	}
	return polls, len(requests) - polls, nil
}

// theCrowd is the site of many applications, applied once.
func (b *bench) theCrowd(ctx context.Context) (_ *crowdSite, err error) {
	if b.crowd == nil {
		b.crowd, err = b.crowded(ctx, "crowd", crowd)
	}
	return b.crowd, err
}

func crowdCalls(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.theCrowd(ctx)
	if err != nil {
		return 0, "", err
	}
	before := len(s.cloud.Requests())
	if _, err := s.Run(ctx, "plan", "-detailed-exitcode"); err != nil {
		return 0, "", err
	}
	return float64(len(s.cloud.Requests()) - before), "", nil
}

func crowdPlan(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.theCrowd(ctx)
	if err != nil {
		return 0, "", err
	}
	theirs, err := b.builtin(ctx, "builtincrowd", builtinCrowd(crowd))
	if err != nil {
		return 0, "", err
	}
	seconds, ratio, err := againstPlan(ctx, s.Workspace, theirs)
	return ratio, fmt.Sprintf("%.1f s", seconds), err
}

func crowdMake(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.theCrowd(ctx)
	if err != nil {
		return 0, "", err
	}
	const objects = 5 // of an application, without its build
	return float64(s.others) / (crowd * objects), "", nil
}

func deployPolls(ctx context.Context, b *bench) (float64, string, error) {
	one, err := b.crowded(ctx, "onedeploy", 1)
	if err != nil {
		return 0, "", err
	}
	s, err := b.theCrowd(ctx)
	if err != nil {
		return 0, "", err
	}
	return float64(s.polls) / float64(one.polls), fmt.Sprintf("%d calls", s.polls), nil
}
