using MurkyWaters.Fetching;
using PouringRain.Protocol;

namespace MurkyWaters.Servers;

/// <summary>What fetches tell of the servers, and what comes of it.</summary>
internal sealed partial class ServerTable
{
    /// <summary>How long a server that rained wrong bytes is said to have lied: long enough to be seen by a person.</summary>
    private static readonly TimeSpan LieLifetime = TimeSpan.FromHours(1);

    /// <summary>A node that added itself is forgotten when it was silent so many times in a row, and for so long: as long as it is among
    /// the servers, what nobody has is looked for until the time is up. One of 2012 that never answered is forgotten after that time.
    /// Who was named by a person stays, for there the person decides.</summary>
    private const int SilentCountMax = 3;

    /// <inheritdoc cref="SilentCountMax"/>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromMinutes(1);

    /// <summary>Takes in what a fetch has seen of its sources.</summary>
    /// <param name="sources">The sources.</param>
    /// <param name="hadTime">Whether a server that was asked and not heard of has had the time to answer.</param>
    public void Learn(IReadOnlyList<SourceSnapshot> sources, bool hadTime)
    {
        lock (_gate)
        {
            foreach (var source in sources)
            {
                foreach (var server in FindAll(source.Peer))
                {
                    Learn(server, source, hadTime);
                }
            }
        }
    }

    /// <summary>A server rained wrong bytes.</summary>
    public void NoteLie(PeerAddress address)
    {
        lock (_gate)
        {
            foreach (var server in FindAll(address))
            {
                server.LiedUntil = _time.GetUtcNow() + LieLifetime;
            }
        }
    }

    /// <summary>A server answered something outside a fetch, or did not.</summary>
    public void NoteAnswer(PeerAddress address, ServerState state)
    {
        lock (_gate)
        {
            foreach (var server in FindAll(address))
            {
                server.State = state;
                NoteWhetherSilent(server, state == ServerState.Silent);
                server.LastSeen = state == ServerState.Silent ? server.LastSeen : _time.GetUtcNow();
            }
        }
    }

    private void AddPeerUnasked(PeerAddress address, bool isClassic)
    {
        var endPoint = address.ToIPEndPoint();
        if (ServerName.TryCreate(endPoint.Address.ToString(), endPoint.Port, isClassic, out var name) && Add(name, ServerOrigin.Peer))
        {
            ServersLog.PeerAdded(_logger, name.ToString());
        }
    }

    private void Learn(Server server, SourceSnapshot source, bool hadTime)
    {
        ServerState? state = source.State switch
        {
            SourceState.Raining or SourceState.NotFound => ServerState.Up,
            SourceState.Busy => ServerState.Busy,
            SourceState.Stale => ServerState.Stale,
            SourceState.Silent => ServerState.Silent,
            SourceState.Lied => ServerState.Lied,
            SourceState.Withholding => ServerState.Withholding,
            _ => hadTime && source.LastHeard is null ? ServerState.Silent : null,
        };
        if (state is not null && (state != ServerState.Silent || hadTime))
        {
            NoteWhetherSilent(server, state == ServerState.Silent);
        }

        server.State = state ?? server.State;
        // Of one that was not heard, the round trip is what an earlier fetch left behind.
        server.RoundTrip = source.LastHeard is not null && source.RoundTrip > TimeSpan.Zero ? source.RoundTrip : server.RoundTrip;
        server.LastSeen = _time.TimeOfDay(source.LastHeard) ?? server.LastSeen;
        if (source.Droplets > 0)
        {
            server.RateBytesPerSecond = source.RateBytesPerSecond;
            server.Loss = TransferFigures.LossOf(source);
        }
    }

    private void NoteWhetherSilent(Server server, bool isSilent)
    {
        if (!isSilent)
        {
            server.HasAnswered = true;
            server.SilentCount = 0;
        }
        else if (server.SilentCount++ == 0)
        {
            server.SilentSince = _time.GetUtcNow();
        }
    }

    private void ForgetSilentPeers()
    {
        Server[] silent;
        lock (_gate)
        {
            var before = _time.GetUtcNow() - SilenceMax;
            silent = [.. _servers.Where(server =>
                server.Origin == ServerOrigin.Peer && server.SilentSince <= before
                && (server.SilentCount >= SilentCountMax || (server.Name.IsClassic && !server.HasAnswered)))];
            foreach (var server in silent)
            {
                _servers.Remove(server);
                _named = null;
            }
        }

        foreach (var server in silent)
        {
            ServersLog.PeerForgotten(_logger, server.Name.ToString());
        }
    }
}
