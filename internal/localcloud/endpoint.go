// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

func (s *Server) listen(ctx context.Context) error {
	s.listener = s.options.Listener
	if s.listener == nil {
		if err := s.listenOnNetwork(ctx); err != nil {
			return err
		}
	}
	return s.store.change(func(st *state) error {
		st.account.Listen = s.listener.Addr().String()
		return nil
	})
}

// listenOnNetwork takes the address of the previous start if the options leave the port open. The settings of a client
// then still hold after a restart.
func (s *Server) listenOnNetwork(ctx context.Context) error {
	var previous string
	s.store.view(func(st *state) { previous = st.account.Listen })
	host, port, err := net.SplitHostPort(s.options.Listen)
	if err != nil {
		return err
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	config := net.ListenConfig{}
	if previousHost, _, err := net.SplitHostPort(previous); err == nil && port == "0" && previousHost == host {
		s.listener, _ = config.Listen(ctx, "tcp", previous)
	}
	if s.listener == nil {
		s.listener, err = config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	}
	return err
}

// connect makes the login and, with TLS, the certificate.
func (s *Server) connect() error {
	scheme := "http"
	caPath := ""
	address := s.listener.Addr().String()
	if s.options.TLS {
		ca, err := openAuthority(s.dir)
		if err != nil {
			return err
		}
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		config, err := ca.serverConfig(net.ParseIP(host))
		if err != nil {
			return err
		}
		s.listener = tls.NewListener(s.listener, config)
		scheme, caPath = "https", s.dir.file(caFile)
	}
	endpoint := scheme + "://" + address
	var a account
	s.store.view(func(st *state) { a = st.account })
	s.tokens = &tokens{key: a.SigningKey, lifetime: s.options.TokenLifetime, subject: s.options.Organization, issuer: endpoint + "/"}
	token, err := s.tokens.issue(time.Now())
	if err != nil {
		return err
	}
	s.connection = Connection{
		Endpoint:        endpoint,
		Token:           token,
		RefreshToken:    a.RefreshToken,
		AuthEndpoint:    endpoint,
		Organization:    s.options.Organization,
		CAFile:          caPath,
		CredentialsFile: s.dir.file(".dbos", "credentials"),
	}
	return nil
}
