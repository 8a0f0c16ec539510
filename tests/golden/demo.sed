# What differs from run to run of `kwaainet demo`, taken out: peer ids, ports of the swarm, times,
# the folder, how far it is where that takes long; and the port of the node, shown as on a machine
# where nobody has 8080.
s/12D3KooW[1-9A-HJ-NP-Za-km-z]\{44\}/12D3KooW…/g
s/eady after [0-9]* ms/eady after … ms/
s/ ([0-9.]* ms)/ (… ms)/
s/127\.0\.0\.1:[0-9]*/127.0.0.1:…/g
s|127\.0\.0\.1/tcp/[0-9]*|127.0.0.1/tcp/…|g
s|/[^ ]*/kwaainet-demo-[A-Za-z0-9]\{6\}|/tmp/kwaainet-demo-…|g
s/^Port: 80[0-9][0-9] (.*)$/Port: 8080 (available)/
s/^\(Port:  *\)80[0-9][0-9] (auto-selected)$/\18080 (auto-selected)/
/^[A-Z][A-Za-z ]*\.\.\. [0-9][0-9]*%/d
