%% Two Erlang nodes on loopback: messages of 100 bytes one way, and there and back. Prints a name and a figure on each line.
-module(erlang_dist).
-export([send/0, receive_/0, sink/0, pong/0]).

receive_() -> register(ready, self()), receive stop -> ok end.

sink() -> receive {start, N, From} -> count(N), From ! done, sink() end.

count(0) -> ok;
count(N) -> receive {m, _, _} -> count(N - 1) end.

pong() -> receive {ping, From} -> From ! pong, pong() end.

flood(_, 0, _) -> ok;
flood(Sink, N, Payload) -> Sink ! {m, N, Payload}, flood(Sink, N - 1, Payload).

round_trips(_, 0, Took) -> Took;
round_trips(Pong, N, Took) ->
    From = erlang:monotonic_time(nanosecond),
    Pong ! {ping, self()},
    receive pong -> ok end,
    round_trips(Pong, N - 1, [erlang:monotonic_time(nanosecond) - From | Took]).

connected(_, 0) -> exit(no_receiver);
connected(Node, N) -> case net_adm:ping(Node) of pong -> ok; pang -> timer:sleep(100), connected(Node, N - 1) end.

send() ->
    [Name] = init:get_plain_arguments(),
    Node = list_to_atom(Name),
    connected(Node, 100),
    Payload = binary:copy(<<"a">>, 100),
    Sink = spawn(Node, ?MODULE, sink, []),
    N = 500000,
    Rates = [begin
        Sink ! {start, N, self()},
        From = erlang:monotonic_time(microsecond),
        flood(Sink, N, Payload),
        receive done -> ok end,
        N * 1000000 / (erlang:monotonic_time(microsecond) - From)
    end || _ <- lists:seq(1, 5)],
    io:format("messages ~w~n", [lists:nth(3, lists:sort(Rates))]),
    Pong = spawn(Node, ?MODULE, pong, []),
    round_trips(Pong, 2000, []),
    Took = lists:sort(round_trips(Pong, 10000, [])),
    io:format("p50 ~w~np99 ~w~n", [lists:nth(5000, Took) / 1000, lists:nth(9900, Took) / 1000]),
    rpc:cast(Node, erlang, halt, []),
    timer:sleep(200),
    halt().
