// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

func TestCreateLink(t *testing.T) {
	t.Parallel()
	absent := wiretest.Refuse(404, "database own not found")
	record := func(host string, linked string) http.HandlerFunc {
		return wiretest.OK(`{"PostgresInstanceName":"own","Status":"available","HostName":"` + host + `","Port":5433,"DatabaseUsername":"dbosadmin","IsLinked":` + linked + `}`)
	}
	plain := Link{Name: "own", Hostname: "db.example.org", Port: 5433, Password: "zqxj-pass"}
	full := Link{Name: "own", Hostname: "db.example.org", Port: 5433, Password: "zqxj-pass", AdminUsername: "chief", SupabaseReference: "abcref", TimeTravel: true}
	const plainCall = `POST /acme/databases/byod {"Name":"own","HostName":"db.example.org","Port":5433,"Password":"zqxj-pass","captureProvenance":false}`
	const fullCall = `POST /acme/databases/byod {"Name":"own","HostName":"db.example.org","Port":5433,"Password":"zqxj-pass","captureProvenance":true,"supabaseReference":"abcref","dbosAdminName":"chief"}`
	for name, test := range map[string]struct {
		link       Link
		look, post wiretest.Answers
		err        string // how it ends
		is         error
		writes     []string
	}{
		"accepted":        {link: plain, look: wiretest.Answers{absent, absent, record("db.example.org", "true")}, post: wiretest.Answers{wiretest.OK(``)}, writes: []string{plainCall}},
		"with everything": {link: full, look: wiretest.Answers{absent, record("db.example.org", "true")}, post: wiretest.Answers{wiretest.OK(``)}, writes: []string{fullCall}},
		"taken":           {link: plain, look: wiretest.Answers{record("db.example.org", "true")}, err: `database instance "own" already exists`, is: ErrExists},
		"answer lost":     {link: plain, look: wiretest.Answers{absent, record("DB.example.org", "true")}, post: wiretest.Answers{wiretest.Lose}, writes: []string{plainCall}},
		"answer lost, older server": {
			link: plain, look: wiretest.Answers{absent, wiretest.OK(`{"PostgresInstanceName":"own","Status":"available","HostName":"db.example.org","Port":5433,"AdminUsername":"dbosadmin"}`)},
			post: wiretest.Answers{wiretest.Lose}, writes: []string{plainCall},
		},
		"not carried out": {link: plain, look: append(wiretest.Times(5, absent), record("db.example.org", "true")), post: wiretest.Answers{wiretest.Lose, wiretest.OK(``)}, writes: []string{plainCall, plainCall}},
		"another host": {
			link: plain, look: wiretest.Answers{absent, record("other.example.org", "true")}, post: wiretest.Answers{wiretest.Lose}, writes: []string{plainCall},
			err: `it is at other.example.org, port 5433`, is: ErrExists,
		},
		"another kind": {
			link: plain, look: wiretest.Answers{absent, record("db.example.org", "false")}, post: wiretest.Answers{wiretest.Lose}, writes: []string{plainCall},
			err: `it is not a linked database`, is: ErrExists,
		},
		"refused": {
			link: plain, look: wiretest.Answers{absent}, post: wiretest.Answers{wiretest.Refuse(400, "cannot log in with zqxj-pass")}, writes: []string{plainCall},
			err: `DBOS Cloud answered "cannot log in with (hidden)" (400 Bad Request to POST /v1alpha1/acme/databases/byod, request ID req-400)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := &wiretest.Journal{}
				script := wiretest.Script{"GET /acme/databases/userdb/info/own": test.look, "POST /acme/databases/byod": test.post}
				c, w := wired(t, script.Handler(t), func(cfg *Config) { cfg.Logger = log.Logger() })
				instance, err := c.CreateLink(t.Context(), test.link)
				if (instance != nil) != (test.err == "") || (err == nil) != (test.err == "") || !strings.HasSuffix(wiretest.Message(err), test.err) {
					t.Errorf("%+v, error %v", instance, err)
				}
				if test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("error %v is not %v", err, test.is)
				}
				w.ExpectWrites(t, test.writes...)
				if strings.Contains(log.String()+wiretest.Message(err), "zqxj") {
					t.Errorf("the log or the error holds a secret: %v", err)
				}
			})
		})
	}
}

func TestDeleteLink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, w := scripted(t, wiretest.Script{
			"DELETE /acme/databases/byod/own":  {wiretest.BadGateway, wiretest.OK(``)},
			"DELETE /acme/databases/byod/gone": {wiretest.Refuse(404, "database gone not found")},
			"DELETE /acme/databases/byod/used": {wiretest.Refuse(409, "it has applications")},
		})
		for _, name := range []string{"own", "gone"} {
			if err := c.DeleteLink(t.Context(), name); err != nil {
				t.Error(err)
			}
		}
		wiretest.ExpectMessage(t, c.DeleteLink(t.Context(), "used"),
			`DBOS Cloud answered "it has applications" (409 Conflict to DELETE /v1alpha1/acme/databases/byod/used, request ID req-409)`)
		w.ExpectWrites(t, "DELETE /acme/databases/byod/own ", "DELETE /acme/databases/byod/own ", "DELETE /acme/databases/byod/gone ", "DELETE /acme/databases/byod/used ")
	})
}
