%% The same workloads on Erlang's raw processes: spawn, send, receive, with no behaviour between.
%% Prints one line per workload: NAME OPERATIONS-PER-CPU-SECOND, and for memory NAME BYTES.
-module(erlang_peer).
-export([main/0]).

main() ->
    rate("tell", 5120000, fun tell/1),
    rate("tell, mailbox grows", 5000000, fun tell_all/1),
    rate("ping-pong", 5000000, fun ping_pong/1),
    rate("ask", 1000000, fun ask/1),
    rate("fan-in", 5000000, fun fan_in/1),
    rate("ring", 5000000, fun ring/1),
    rate("skynet", 1111111, fun skynet/1),
    spawn_and_memory(300000),
    halt().

%% The median of five runs, by processor time.
rate(Name, Count, Work) ->
    Times = [cpu(fun() -> Work(Count) end) || _ <- lists:seq(1, 5)],
    io:format("~s ~b~n", [Name, round(Count * 1000 / lists:nth(3, lists:sort(Times)))]).

%% Milliseconds of processor time; each run in a process of its own, so that none inherits a heap.
cpu(Work) ->
    Self = self(),
    erlang:garbage_collect(),
    Before = processor(),
    {_, Monitor} = spawn_monitor(fun() -> Work(), Self ! worked end),
    receive worked -> ok end,
    Milliseconds = processor() - Before,
    receive {'DOWN', Monitor, _, _, _} -> ok end,
    max(1, Milliseconds).

%% Milliseconds of processor time so far, in the program and in the kernel on its behalf; statistics(runtime) leaves the kernel out.
processor() ->
    case file:read_file("/proc/self/stat") of
        {ok, Stat} ->
            [_, After] = binary:split(Stat, <<") ">>),
            Fields = binary:split(After, <<" ">>, [global]),
            [User, System] = [binary_to_integer(lists:nth(N, Fields)) || N <- [12, 13]],
            (User + System) * 10;
        _ -> element(1, statistics(runtime))
    end.

%% 512 in flight.
tell(Count) ->
    Self = self(),
    Counter = spawn(fun() -> count_slices(Count, Self) end),
    slices(Counter, Count),
    receive done -> ok end.

slices(_, 0) -> ok;
slices(To, Left) -> send(To, 511), To ! {last, self()}, receive go -> slices(To, Left - 512) end.

count_slices(0, Parent) -> Parent ! done;
count_slices(Left, Parent) ->
    receive
        {add, _} -> count_slices(Left - 1, Parent);
        {last, From} -> From ! go, count_slices(Left - 1, Parent)
    end.

%% One sender that never waits.
tell_all(Count) ->
    Self = self(),
    Counter = spawn(fun() -> count(Count, Self) end),
    send(Counter, Count),
    receive done -> ok end.

count(0, Parent) -> Parent ! done;
count(Left, Parent) -> receive {add, _} -> count(Left - 1, Parent) end.

send(_, 0) -> ok;
send(To, Left) -> To ! {add, Left}, send(To, Left - 1).

ping_pong(Count) ->
    Pong = spawn(fun pong/0),
    ping(Pong, Count),
    Pong ! stop.

ping(_, 0) -> ok;
ping(Pong, Left) -> Pong ! {ping, self()}, receive pong -> ping(Pong, Left - 1) end.

pong() -> receive {ping, From} -> From ! pong, pong(); stop -> ok end.

%% As gen_server:call does it: a monitor per call, so that a dead server is noticed.
ask(Count) ->
    Server = spawn(fun serve/0),
    ask(Server, Count),
    Server ! stop.

ask(_, 0) -> ok;
ask(Server, Left) ->
    Monitor = erlang:monitor(process, Server),
    Server ! {Monitor, self(), Left},
    receive {Monitor, _} -> erlang:demonitor(Monitor, [flush]) end,
    ask(Server, Left - 1).

serve() -> receive {Monitor, From, Value} -> From ! {Monitor, Value + 1}, serve(); stop -> ok end.

fan_in(Count) ->
    Self = self(),
    Counter = spawn(fun() -> count(Count, Self) end),
    [spawn(fun() -> send(Counter, Count div 1000) end) || _ <- lists:seq(1, 1000)],
    receive done -> ok end.

ring(Count) ->
    Self = self(),
    Nodes = [First | Rest] = [spawn(fun() -> node_of_ring(none, Self) end) || _ <- lists:seq(1, 1000)],
    lists:foreach(fun({Node, Next}) -> Node ! {next, Next} end, lists:zip(Nodes, Rest ++ [First])),
    First ! {token, Count},
    receive done -> ok end,
    [Node ! stop || Node <- Nodes].

node_of_ring(Next, Parent) ->
    receive
        {token, 0} -> Parent ! done, node_of_ring(Next, Parent);
        {token, Left} -> Next ! {token, Left - 1}, node_of_ring(Next, Parent);
        {next, Node} -> node_of_ring(Node, Parent);
        stop -> ok
    end.

skynet(_) ->
    Self = self(),
    spawn(fun() -> skynet(0, 1000000, Self) end),
    receive 499999500000 -> ok end.

skynet(Number, 1, Parent) -> Parent ! Number;
skynet(Number, Size, Parent) ->
    Part = Size div 10,
    Self = self(),
    [spawn(fun() -> skynet(Number + I * Part, Part, Self) end) || I <- lists:seq(0, 9)],
    Parent ! sum(10, 0).

sum(0, Total) -> Total;
sum(Left, Total) -> receive Number -> sum(Left - 1, Total + Number) end.

spawn_and_memory(Count) ->
    Runs = [begin
        erlang:garbage_collect(),
        Before = erlang:memory(total),
        Began = processor(),
        Idle = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, Count)],
        Milliseconds = processor() - Began,
        Bytes = (erlang:memory(total) - Before) / Count,
        [exit(Process, kill) || Process <- Idle],
        timer:sleep(500),
        {max(1, Milliseconds), Bytes}
    end || _ <- lists:seq(1, 3)],
    {Time, _} = lists:nth(2, lists:keysort(1, Runs)),
    {_, Memory} = lists:nth(2, lists:keysort(2, Runs)),
    io:format("spawn ~b~nmemory ~b~n", [round(Count * 1000 / Time), round(Memory)]).
