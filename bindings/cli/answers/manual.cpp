// SPDX-License-Identifier: Apache-2.0
// Completion for shells, and the page of the manual; see manual.hpp.
#include "bindings/cli/answers/manual.hpp"

#include <fmt/format.h>

#include <vector>

#include "bindings/cli/cli.hpp"
#include "bindings/cli/typed.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

using Texts = std::vector<std::string>;

/// Names of a kind that `holdfast list` knows.
Texts names_of(const std::string& kind) {
  Texts out;
  for (const auto& section : scenario::catalogue()) {
    for (const auto& entry : section.entries) {
      if (section.kind == kind)
        out.push_back(entry.name);
    }
  }
  return out;
}

/// The words that can follow an option, or nothing if they are free or a file.
Texts words_after(const std::string& option) {
  if (const Texts& words = words_of(option); !words.empty())
    return words;
  if (option == "--policy" || option == "--against" || option == "--baseline")
    return names_of("policy");
  if (option == "--target")
    return names_of("profile");
  return option == "--requirement" ? names_of("requirement") : Texts{};
}

struct Option {
  std::string name;  ///< "--seed"
  std::string what;  ///< its description
  std::string type;  ///< of its value; empty: a flag
};

struct Verb {
  std::string name, what, place, footer;  ///< `place`: the word without an option, "SCENARIO"
  std::vector<Option> options;
};

std::vector<Verb> verbs_of(const CLI::App& app) {
  std::vector<Verb> out;
  for (const CLI::App* one : app.get_subcommands({})) {
    Verb verb{one->get_name(), one->get_description(), {}, one->get_footer(), {}};
    for (const CLI::Option* option : one->get_options({})) {
      if (option->get_positional()) {
        verb.place += (verb.place.empty() ? "" : " ") + option->get_name();
        continue;
      }
      for (const std::string& name : option->get_lnames()) {
        const bool flag = option->get_items_expected_max() == 0;
        verb.options.push_back(
            {"--" + name, option->get_description(), flag ? "" : option->get_type_name()});
      }
    }
    out.push_back(std::move(verb));
  }
  return out;
}

bool takes_scenarios(const Verb& verb) {
  return verb.place == "SCENARIO" || verb.place == "SOURCE";
}

Texts option_names(const Verb& verb) {
  Texts out;
  for (const Option& one : verb.options)
    out.push_back(one.name);
  return out;
}

std::string bash(const std::vector<Verb>& verbs) {
  Texts names;
  std::string options, values, places;
  for (const Verb& verb : verbs) {
    names.push_back(verb.name);
    options +=
        fmt::format("      {}) words=\"{}\" ;;\n", verb.name, fmt::join(option_names(verb), " "));
    for (const Option& one : verb.options) {
      const Texts words = words_after(one.name);
      if (!words.empty())
        values += fmt::format("    \"{} {}\") words=\"{}\" ;;\n", verb.name, one.name,
                              fmt::join(words, " "));
    }
    if (takes_scenarios(verb))
      places += (places.empty() ? "" : "|") + verb.name;
  }
  return fmt::format(
      R"(# Completion of holdfast for bash. Made by `holdfast completion bash`.
_holdfast() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} verb=${{COMP_WORDS[1]}}
  local words=""
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "{} --help --version" -- "$cur"))
    return
  fi
  case "$verb $prev" in
{}  esac
  if [[ -z $words && $cur == -* ]]; then
    case $verb in
{}    esac
  elif [[ -z $words ]]; then
    case $verb in
      {}) words="{}" ;;
      list) words="policy profile transport workload fault expectation requirement scenario" ;;
      completion) words="bash zsh fish man" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur") $(compgen -f -- "$cur"))
    return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o filenames -F _holdfast holdfast
)",
      fmt::join(names, " "), values, options, places, fmt::join(names_of("scenario"), " "));
}

/// For single quotes of a shell; brackets and colons mean something to zsh.
std::string quoted(const std::string& text, bool zsh = false) {
  std::string out;
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else if (zsh && (c == '[' || c == ']' || c == ':'))
      out += std::string("\\") + c;
    else
      out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string zsh(const std::vector<Verb>& verbs) {
  std::string names, cases;
  for (const Verb& verb : verbs) {
    names += fmt::format("    '{}:{}'\n", verb.name, quoted(verb.what, true));
    cases += fmt::format("    {})\n      _arguments \\\n", verb.name);
    for (const Option& one : verb.options) {
      const Texts words = words_after(one.name);
      const std::string after =
          one.type.empty() ? ""
          : words.empty()  ? fmt::format(":{}:_files", quoted(one.type, true))
                           : fmt::format(":{}:({})", quoted(one.type, true), fmt::join(words, " "));
      cases += fmt::format("        '*{}[{}]{}' \\\n", one.name, quoted(one.what, true), after);
    }
    const std::string place =
        takes_scenarios(verb)
            ? fmt::format(
                  "'*:scenario:{{_alternative \"names:bundled:({})\" \"files:file:_files\"}}'",
                  fmt::join(names_of("scenario"), " "))
            : std::string("'*:file:_files'");
    cases += "        " + place + " ;;\n";
  }
  return fmt::format(
      R"(#compdef holdfast
# Completion of holdfast for zsh. Made by `holdfast completion zsh`.
_holdfast() {{
  local -a verbs
  verbs=(
{}  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
{}  esac
}}
_holdfast "$@"
)",
      names, cases);
}

std::string fish(const std::vector<Verb>& verbs) {
  std::string out = "# Completion of holdfast for fish. Made by `holdfast completion fish`.\n";
  for (const Verb& verb : verbs) {
    out += fmt::format("complete -c holdfast -n __fish_use_subcommand -f -a {} -d '{}'\n",
                       verb.name, quoted(verb.what));
    const std::string within =
        fmt::format("complete -c holdfast -n '__fish_seen_subcommand_from {}'", verb.name);
    for (const Option& one : verb.options) {
      const Texts words = words_after(one.name);
      out += fmt::format(
          "{} -l {}{}{} -d '{}'\n", within, one.name.substr(2), one.type.empty() ? "" : " -r",
          words.empty() ? "" : fmt::format(" -f -a '{}'", fmt::join(words, " ")), quoted(one.what));
    }
    if (takes_scenarios(verb))
      out += fmt::format("{} -a '{}'\n", within, fmt::join(names_of("scenario"), " "));
  }
  return out;
}

/// Text for roff: nothing in it is a request or an escape.
std::string roff(const std::string& text) {
  std::string out;
  bool fresh = true;
  for (const char c : text) {
    if (fresh && (c == '.' || c == '\''))
      out += "\\&";
    out += c == '\\' ? std::string("\\e") : c == '-' ? std::string("\\-") : std::string(1, c);
    fresh = c == '\n';
  }
  return out;
}

}  // namespace

std::string completion(const CLI::App& app, const std::string& shell) {
  const std::vector<Verb> verbs = verbs_of(app);
  if (shell == "man")
    return manual_page(app);
  check_word("completion", shell, {"bash", "zsh", "fish", "man"});
  return shell == "bash" ? bash(verbs) : shell == "zsh" ? zsh(verbs) : fish(verbs);
}

int print_completion(const CLI::App& app, const std::string& shell) {
  print(completion(app, shell));
  return done;
}

std::string manual_page(const CLI::App& app) {
  std::string out = fmt::format(
      ".TH HOLDFAST 1 \"\" \"holdfast {}\" \"User commands\"\n.SH NAME\nholdfast \\- "
      "path\\-failure "
      "recovery in multipath NVMe over Fabrics\n.SH SYNOPSIS\n.B holdfast\n.I verb\n[options] "
      "[words]\n.SH DESCRIPTION\n{}\n",
      version, roff(app.get_description()));
  for (const Verb& verb : verbs_of(app)) {
    out += fmt::format(".SS \"holdfast {}{}{}\"\n{}.\n", roff(verb.name),
                       verb.place.empty() ? "" : " ", roff(verb.place), roff(verb.what));
    for (const Option& one : verb.options) {
      out += fmt::format(".TP\n.B {}{}\n{}\n", roff(one.name),
                         one.type.empty() ? "" : " \\fI" + roff(one.type) + "\\fR", roff(one.what));
    }
    if (!verb.footer.empty())
      out += ".PP\n.nf\n" + roff(verb.footer) + "\n.fi\n";
  }
  out += ".SH EXAMPLES AND EXIT STATUS\n.nf\n" + roff(app.get_footer()) + "\n.fi\n";
  return out;
}

}  // namespace holdfast::cli
