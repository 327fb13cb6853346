// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// crowdRows are what many applications cost.
var crowdRows = []row{
	{"crowd", "API calls to refresh 100 applications, each with a deployment, three secrets and a build (601 objects)", 102, "", crowdCalls},
	{"crowdplan", "the same plan at no latency, against a provider of the same schemas that does nothing", 1.1, "×", crowdPlan},
	{"crowdmake", "calls to make each of these objects, beyond the polls", 3, "", crowdMake},
	{"deploys", "polling calls while 100 applications are deployed at once, against those for one", 1.2, "×", deployPolls},
}

const crowd = 100

// crowdSite is a site of applications, and what it took to make them.
type crowdSite struct {
	*site
	polls, others int // calls
	reads         int // of a file of the folder that all deploy
}

// theCrowd is the site of many applications, applied once.
func (b *bench) theCrowd(ctx context.Context) (_ *crowdSite, err error) {
	if b.crowd == nil {
		b.crowd, err = b.crowded(ctx, "crowd", crowd)
	}
	return b.crowd, err
}

// crowded makes a site of so many applications and applies it, all at once.
func (b *bench) crowded(ctx context.Context, name string, n int) (*crowdSite, error) {
	server, err := b.startCloud(ctx, 10*time.Millisecond)
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
	s, err := b.openAt(ctx, name, settings+repeat(crowdCommon+crowdObjects, n), server, endpoint)
	if err != nil {
		return nil, err
	}
	s.Env = append(s.Env, "DBOS_ORGANIZATION="+server.Connection().Organization)
	if err := writeApplication(filepath.Join(s.Dir, "app"), 0); err != nil {
		return nil, err
	}
	before := len(server.Requests())
	made := &crowdSite{site: s}
	if made.reads, err = made.readsOfApply(ctx); err != nil {
		return nil, err
	}
	made.polls, made.others, err = split(server.Requests()[before:])
	return made, err
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

func crowdCalls(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.theCrowd(ctx)
	if err != nil {
		return 0, "", err
	}
	calls, err := s.planCalls(ctx)
	return calls, "", err
}

// crowdPlan compares with a provider that does nothing, which costs only what Terraform and the framework take. The note
// has the ratio to resources that need no provider.
func crowdPlan(ctx context.Context, b *bench) (float64, string, error) {
	s, err := b.theCrowd(ctx)
	if err != nil {
		return 0, "", err
	}
	idle, err := b.idle(ctx, s.site)
	if err != nil {
		return 0, "", err
	}
	builtin, err := b.builtin(ctx, s.site, repeat(crowdCommon+builtinObjects, crowd))
	if err != nil {
		return 0, "", err
	}
	medians, err := planInTurn(ctx, s.Workspace, idle, builtin)
	if err != nil {
		return 0, "", err
	}
	note := fmt.Sprintf("%.1f s; %.2f × the time of 601 `terraform_data` of the same shape", medians[0], medians[0]/medians[2])
	return medians[0] / medians[1], note, nil
}

// idle is a copy of a site after its apply, with the idle provider in the place of ours.
func (b *bench) idle(ctx context.Context, s *site) (*workspace.Workspace, error) {
	program := filepath.Join(b.dir, "idle")
	if err := workspace.GoBuild(ctx, b.root, program, "./internal/bench/idle"); err != nil {
		return nil, err
	}
	dir := s.Dir + "-idle"
	if err := workspace.Copy(s.Dir, dir); err != nil {
		return nil, err
	}
	const state = "terraform.tfstate"
	if err := os.Link(filepath.Join(s.Dir, state), filepath.Join(dir, state)); err != nil {
		return nil, err
	}
	w, err := workspace.New(b.engine, program, dir)
	if err != nil {
		return nil, err
	}
	_, err = w.Run(ctx, "init")
	return w, err
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

// repeat writes the part of a configuration after "---" once for each number, which takes the place of "#".
func repeat(configuration string, n int) string {
	once, each, _ := strings.Cut(configuration, "---\n")
	var b strings.Builder
	b.WriteString(once)
	for i := range n {
		b.WriteString(strings.ReplaceAll(each, "#", strconv.Itoa(i)))
	}
	return b.String()
}

// crowdCommon is what both configurations have: the instance, which belongs to another configuration, and the builds.
const crowdCommon = `
resource "terraform_data" "instance" {
  input = "shared"
}
---
resource "terraform_data" "build#" {
  input = "build #"
}
`

// crowdObjects are an application and what belongs to it, each object in a block of its own, as an inventory that was
// adopted has them.
const crowdObjects = `
resource "dbos_application" "a#" {
  name                   = "app#"
  database_instance_name = terraform_data.instance.output
  language               = "node"
}
resource "dbos_application_deployment" "a#" {
  application_name = dbos_application.a#.id
  source_dir       = "${path.module}/app"
  triggers         = { build = terraform_data.build#.id, a = dbos_application_secret.a#_0.id, b = dbos_application_secret.a#_1.id, c = dbos_application_secret.a#_2.id }
}
resource "dbos_application_secret" "a#_0" {
  application_name = dbos_application.a#.id
  name             = "KEY_0"
  value            = "value #"
}
resource "dbos_application_secret" "a#_1" {
  application_name = dbos_application.a#.id
  name             = "KEY_1"
  value            = "value #"
}
resource "dbos_application_secret" "a#_2" {
  application_name = dbos_application.a#.id
  name             = "KEY_2"
  value            = "value #"
}
`

// builtinObjects have the same shape in resources that Terraform has in itself.
const builtinObjects = `
resource "terraform_data" "a#" {
  input = { name = "app#", instance = terraform_data.instance.output, language = "node" }
}
resource "terraform_data" "d#" {
  input = {
    application = terraform_data.a#.id, source_dir = "${path.module}/app"
    triggers    = { build = terraform_data.build#.id, a = terraform_data.a#_0.id, b = terraform_data.a#_1.id, c = terraform_data.a#_2.id }
  }
}
resource "terraform_data" "a#_0" {
  input = { application = terraform_data.a#.id, name = "KEY_0", value = "value #" }
}
resource "terraform_data" "a#_1" {
  input = { application = terraform_data.a#.id, name = "KEY_1", value = "value #" }
}
resource "terraform_data" "a#_2" {
  input = { application = terraform_data.a#.id, name = "KEY_2", value = "value #" }
}
`
