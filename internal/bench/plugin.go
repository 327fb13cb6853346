// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// start is one start of a plugin.
type start struct {
	toSchema time.Duration // from exec to the last byte of the schema
	peak     float64       // resident memory, in MB
}

// startPlugin starts a provider as Terraform does, asks for its schema, and ends it.
func startPlugin(ctx context.Context, path string) (_ start, err error) {
	begin := time.Now()
	p, err := launch(ctx, path)
	if err != nil {
		return start{}, err
	}
	schema, err := p.call(ctx, "GetProviderSchema", nil)
	took := time.Since(begin)
	if err == nil && len(schema) == 0 {
		err = errors.New("the plugin's schema is empty")
	}
	peak, closeErr := p.close()
	return start{toSchema: took, peak: peak}, errors.Join(err, closeErr)
}

// plugin is a provider that runs.
type plugin struct {
	cmd  *exec.Cmd
	conn *grpc.ClientConn
}

// launch starts a provider and connects to it.
func launch(ctx context.Context, path string, env ...string) (*plugin, error) {
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = append(env,
		"TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		"PLUGIN_PROTOCOL_VERSIONS=6",
		"TMPDIR="+filepath.Dir(path), // A killed plugin leaves its socket. It goes with the folder of the program.
	)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &plugin{cmd: cmd}
	if p.conn, err = connect(stdout); err != nil {
		_, closeErr := p.close()
		return nil, errors.Join(err, closeErr)
	}
	return p, nil
}

// connect reads the handshake line, and dials what it says.
func connect(stdout io.Reader) (*grpc.ClientConn, error) {
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the plugin's handshake: %w", err)
	}
	fields := strings.Split(strings.TrimSpace(line), "|") // 1|6|unix|/path|grpc|
	if len(fields) < 5 || fields[2] != "unix" {
		return nil, fmt.Errorf("the plugin's handshake is %q", line)
	}
	return grpc.NewClient("unix:"+fields[3], grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{}), grpc.MaxCallRecvMsgSize(64<<20)))
}

const service = "/tfplugin6.Provider/"

// call calls a method with an encoded message, and returns the encoded answer.
func (p *plugin) call(ctx context.Context, method string, request []byte) (answer []byte, err error) {
	err = p.conn.Invoke(ctx, service+method, request, &answer)
	return answer, err
}

// close ends the plugin and returns its peak memory, in MB.
func (p *plugin) close() (peak float64, err error) {
	if p.conn != nil {
		err = p.conn.Close()
	}
	peak = peakOf(p.cmd.Process.Pid)
	// A plugin ends when it is told so; nothing is lost by a kill.
	err = errors.Join(err, p.cmd.Process.Kill())
	var exit *exec.ExitError
	if waitErr := p.cmd.Wait(); !errors.As(waitErr, &exit) {
		err = errors.Join(err, waitErr)
	}
	if usage, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && peak == 0 {
		peak = float64(usage.Maxrss) / 1e6 // macOS counts bytes.
	}
	return peak, err
}

// peakOf is the peak memory, in MB, of a process that runs, 0 where there is no /proc. The system's own account of an
// ended process will not do: on Linux it is never below what the parent had when it started the process.
func peakOf(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kib float64
	if _, err := fmt.Sscanf(after, "%f kB", &kib); err != nil {
		return 0
	}
	return kib * 1024 / 1e6
}

// rawCodec passes messages as they are: the question has no field, and the answer need not be understood.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) {
	message, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("cannot send a %T", v)
	}
	return message, nil
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	message, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("cannot receive a %T", v)
	}
	*message = slices.Clone(data)
	return nil
}
