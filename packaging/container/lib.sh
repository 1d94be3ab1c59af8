# packaging/container/lib.sh - what the scripts beside it share: which shared libraries binaries
# load, and which Debian packages files are of. To be sourced by bash.

# The shared libraries that the binaries "$@" load, and the dynamic linker: a path a line.
libraries_of() {
  local output
  output=$(ldd "$@")
  if grep -F 'not found' <<<"$output" >&2; then
    return 1
  fi
  sed -nE 's/^\t(.* => )?(\/[^ ]+) \(0x.*/\2/p' <<<"$output" | sort -u
}

# The packages of the files on stdin, sorted. A package may have put in /lib what is reached through
# /usr/lib as well, and a path may lead through symbolic links.
packages_of() {
  local path name owner
  while IFS= read -r path; do
    owner=
    for name in "$path" "$(realpath "$path")"; do
      owner=${owner:-$(dpkg-query -S "$name" "/usr$name" "${name#/usr}" 2>/dev/null || true)}
    done
    if [[ -z $owner ]]; then
      echo "no package has $path" >&2
      return 1
    fi
    head -n 1 <<<"${owner%%: *}"
  done | sort -u
}
