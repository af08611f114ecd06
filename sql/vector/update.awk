# Turns statements that create objects into ones that take over those that exist: functions and aggregates are replaced,
# other objects left as they are, so that columns, indexes and views on them stay. Statements end with `;` at a line's end.
function flush_statement() {
    if (statement ~ /^CREATE (FUNCTION|AGGREGATE) /)
        sub(/^CREATE/, "CREATE OR REPLACE", statement)
    else if (statement ~ /^CREATE /)
        statement = "DO $unless$ BEGIN\n" statement \
            "EXCEPTION WHEN duplicate_object OR duplicate_function THEN NULL; END $unless$;\n"
    printf "%s", statement
    statement = ""
}
/^(--.*)?$/ && statement == "" { print; next }
{ statement = statement $0 "\n" }
/;$/ { flush_statement() }
END { if (statement != "") { print "update.awk: the last statement does not end" >"/dev/stderr"; exit 1 } }
