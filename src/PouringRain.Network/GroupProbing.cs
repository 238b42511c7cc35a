using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace PouringRain.Network;

/// <summary>Looks whether a group passes between machines on which this runs at the same time.</summary>
public static class GroupProbing
{
    private const int BufferAsked = 4 * 1024 * 1024;

    // linux/in.h; a query of IGMP (RFC 3376, section 4.1) and one of MLD (RFC 3810, section 5.1).
    private const int IgmpProtocol = 2, IgmpQuery = 0x11, MldQuery = 130;

    private static readonly TimeSpan ProbeEvery = TimeSpan.FromMilliseconds(200), WaitAtMost = TimeSpan.FromMilliseconds(20);

    /// <summary>Looks. Blocks its thread for as long as it is told.</summary>
    /// <param name="options">The group.</param>
    /// <param name="duration">How long.</param>
    /// <param name="logger">Where to log.</param>
    /// <exception cref="SocketException">A socket cannot be had.</exception>
    public static GroupProbeResult Look(GroupSocketOptions options, TimeSpan duration, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var sending = GroupSockets.OpenSending(options, 0, logger);
        using var receiving = GroupSockets.OpenReceiving(options with { ReceiveBufferBytes = BufferAsked }, coalesce: false, logger);
        using var queries = OpenQueries(options);
        var own = RandomNumber.Draw();
        var heard = new Dictionary<ulong, GroupProbePeer>();
        var buffer = new byte[DatagramSocket.BufferBytes];
        var datagram = new byte[GroupProbeMessage.BytesMax];
        var (end, next, number) = (MonotonicClock.Now + duration, MonotonicClock.Now, 0U);
        var isQueried = false;
        while (MonotonicClock.Now < end)
        {
            if (MonotonicClock.Now >= next)
            {
                next = MonotonicClock.Now + ProbeEvery;
                var length = GroupProbeMessage.Write(
                    datagram, own, ++number, heard.Select(static one => (one.Key, one.Value.Heard)));
                sending.Send(PeerAddress.From(options.Group), datagram.AsSpan(0, length), length);
            }

            receiving.Wait(WaitAtMost);
            while (receiving.HasPending && receiving.TryReceive(buffer, out var from, out var length))
            {
                if (GroupProbeMessage.TryRead(buffer.AsSpan(0, length), own, out var who, out var told, out var hears) && who != own
                    && (heard.ContainsKey(who) || heard.Count < GroupProbeMessage.OthersMax))
                {
                    var before = heard.GetValueOrDefault(who) ?? new GroupProbePeer { Address = from, First = told };
                    heard[who] = before with { Heard = before.Heard + 1, Last = Math.Max(before.Last, told), HeardOfOwn = hears };
                }
            }

            isQueried |= HasQuery(queries, options.IsIPv6, buffer);
        }

        return new GroupProbeResult
        {
            Sent = number,
            Peers = [.. heard.Values],
            IsQueried = queries is null ? null : isQueried,
            ReceiveBufferBytes = receiving.ReceiveBufferBytes,
            ReceiveBufferAsked = BufferAsked,
        };
    }

    /// <summary>A socket that hears the queries of whoever asks who is in which group; null when this process may not have one.</summary>
    private static Socket? OpenQueries(GroupSocketOptions options)
    {
        try
        {
            var socket = options.IsIPv6 ? new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6)
                : new Socket(AddressFamily.InterNetwork, SocketType.Raw, (ProtocolType)IgmpProtocol);
            socket.Blocking = false;
            return socket;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static bool HasQuery(Socket? queries, bool isIPv6, byte[] buffer)
    {
        var isQueried = false;
        while (queries is { Available: > 0 })
        {
            var length = queries.Receive(buffer, 0, buffer.Length, SocketFlags.None, out var error);
            if (error != SocketError.Success)
            {
                break;
            }

            // Of IPv4 the header comes too.
            var at = isIPv6 ? 0 : (buffer[0] & 0xF) * 4;
            isQueried |= length > at && buffer[at] == (isIPv6 ? MldQuery : IgmpQuery);
        }

        return isQueried;
    }
}

/// <summary>What <see cref="GroupProbing"/> has found.</summary>
public sealed record GroupProbeResult
{
    /// <summary>Probes sent.</summary>
    public required uint Sent { get; init; }

    /// <summary>Who else was heard.</summary>
    public required IReadOnlyList<GroupProbePeer> Peers { get; init; }

    /// <summary>Whether somebody asked who is in which group; null when that could not be looked for.</summary>
    public required bool? IsQueried { get; init; }

    /// <summary>The kernel's receive buffer, as it was given.</summary>
    public required int ReceiveBufferBytes { get; init; }

    /// <summary>What was asked for.</summary>
    public required int ReceiveBufferAsked { get; init; }
}

/// <summary>Somebody who looks at the same group.</summary>
public sealed record GroupProbePeer
{
    /// <summary>Where it sends from.</summary>
    public required PeerAddress Address { get; init; }

    /// <summary>The number of the first of its probes that was heard.</summary>
    public required uint First { get; init; }

    /// <summary>The highest number.</summary>
    public uint Last { get; init; }

    /// <summary>Probes of it that were heard.</summary>
    public uint Heard { get; init; }

    /// <summary>Probes of this machine that it says to have heard.</summary>
    public uint HeardOfOwn { get; init; }

    /// <summary>The share of its probes that was lost since the first, 0 to 1.</summary>
    public double Loss => Last < First ? 0 : 1 - (Heard / (double)(Last - First + 1));
}
