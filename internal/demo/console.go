// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// console prints what a step does and proves. On a terminal it shows what is running, in colour unless NO_COLOR is set;
// elsewhere it prints the same lines plainly.
type console struct {
	out      io.Writer
	terminal bool
	colour   bool
	steps    int
	proofs   int
}

func newConsole(out *os.File) *console {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	return &console{out: out, terminal: terminal, colour: terminal && os.Getenv("NO_COLOR") == ""}
}

const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
	cyan  = "36"
)

func (c *console) paint(code, text string) string {
	if !c.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (c *console) line(format string, args ...any) {
	_, _ = fmt.Fprintf(c.out, format+"\n", args...) // a closed terminal also ends the demo by a signal
}

// title prints the title of the demo.
func (c *console) title(text, detail string) {
	c.line("\n%s\n%s\n", c.paint(bold, text), c.paint(dim, detail))
}

// step prints the title of a step, with its number.
func (c *console) step(title, guide string) {
	c.steps++
	c.line("%s  %s", c.paint(bold, fmt.Sprintf("%d. %s", c.steps, title)), c.paint(dim, "("+guide+")"))
}

// command prints a command as a person would type it.
func (c *console) command(text string) {
	c.line("   %s %s", c.paint(dim, "$"), c.paint(cyan, text))
}

// said prints the important lines of the output of a command.
func (c *console) said(lines ...string) {
	for _, line := range lines {
		c.line("     %s", c.paint(dim, line))
	}
}

// proved prints a statement that the demo has checked.
func (c *console) proved(format string, args ...any) {
	c.proofs++
	mark := "ok"
	if c.colour {
		mark = c.paint(green, "✓")
	}
	c.line("   %s %s", mark, fmt.Sprintf(format, args...))
}

// failed prints why the demo stops.
func (c *console) failed(err error) {
	mark := "FAILED:"
	if c.colour {
		mark = c.paint(red, "✗")
	}
	c.line("   %s %s\n", mark, strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "\n     "))
}

// slow is how long a command or wait takes only on a slow machine.
const slow = 20 * time.Second

// during shows on a terminal what is running and for how long, until done is called.
func (c *console) during(text string) (done func()) {
	if !c.terminal {
		return func() {}
	}
	start := time.Now()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				_, _ = fmt.Fprint(c.out, "\r\x1b[K")
				return
			case <-ticker.C:
				_, _ = fmt.Fprintf(c.out, "\r\x1b[K     %s", c.paint(dim, running(text, time.Since(start))))
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

// running is the line that during shows.
func running(text string, elapsed time.Duration) string {
	line := fmt.Sprintf("%s … %.1f s", text, elapsed.Seconds())
	if elapsed > slow {
		line += " (still running: this machine is slow or busy)"
	}
	return line
}
