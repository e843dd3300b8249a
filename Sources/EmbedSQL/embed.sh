# embed.sh OUTPUT FILE… — writes the SQL files into string literals of one Swift file.
#
# A shell script and not a Swift tool: a tool would be compiled for the host before every first build.
set -eu
output=$1
shift

literal() {
    if grep -q '"""###' "$1"; then
        echo "error: $1 contains the end mark of a Swift literal" >&2
        exit 1
    fi
    printf '###"""\n'
    cat "$1"
    printf '\n"""###'
}

{
    echo 'package enum EmbeddedSQL {'
    echo '    /// The numbered files, in order: file name and text.'
    echo '    package static let migrations: [(name: String, text: String)] = ['
    for file in "$@"; do
        case "$(basename "$file")" in
        [0-9]*)
            printf '(name: "%s", text: ' "$(basename "$file")"
            literal "$file"
            echo '),'
            ;;
        esac
    done
    echo '    ]'
    for file in "$@"; do
        name=$(basename "$file" .sql)
        case "$name" in
        [0-9]* | schema) ;;
        *)
            first=$(printf '%s' "$name" | cut -c1 | tr '[:upper:]' '[:lower:]')
            printf '    package static let %s%s = ' "$first" "$(printf '%s' "$name" | cut -c2-)"
            literal "$file"
            echo
            ;;
        esac
    done
    echo '}'
} >"$output.draft"
mv "$output.draft" "$output"
