using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Benchmarks.Processes;
using PouringRain.Protocol;

namespace Benchmarks.Deploy;

/// <summary>Needs of nobody: all that may be asked for, of the stream that rains, without a good token.</summary>
/// <param name="host">Where they come from.</param>
internal sealed class ForgedNeeds(Host host)
{
    private const string Group = "239.77.0.1";
    private const int Port = 7855;

    /// <summary>Forges for as long as it is wanted.</summary>
    public async Task RunAsync(int perSecond, Func<bool> isWanted, CancellationToken cancellation)
    {
        await using var process = ChildProcess.Start(host.Command(
            Environment.ProcessPath!, "needs", host.Address, perSecond.ToString(CultureInfo.InvariantCulture)));
        while (isWanted() && !process.HasExited)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellation);
        }

        if (process.HasExited)
        {
            throw new InvalidOperationException($"The forger ended: {process.Errors}");
        }
    }

    /// <summary>The forger, inside its host: <c>needs ADDRESS RATE</c>.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments.Length != 2 || !IPAddress.TryParse(arguments[0], out var own)
            || !int.TryParse(arguments[1], CultureInfo.InvariantCulture, out var perSecond) || perSecond < 1)
        {
            Console.Error.WriteLine("needs ADDRESS RATE");
            return 2;
        }

        var (sender, announce) = Hear(own);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(sender);
        Span<NeedEntry> entries = stackalloc NeedEntry[NeedMessage.EntryCountMax];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = new NeedEntry((uint)i, 1, 0xFF_FFFF);
        }

        var datagram = new byte[NeedMessage.BytesMax];
        var clock = Stopwatch.StartNew();
        for (var i = 0L; ; i++)
        {
            var token = new Bits128((ulong)(i + 1), 0);
            var need = new NeedMessage { StreamId = announce.StreamId, Round = 1, Token = token, Loss = ushort.MaxValue };
            socket.Send(datagram.AsSpan(0, need.Write(datagram, entries[..8])), SocketFlags.None, out _);
            while (clock.Elapsed.TotalSeconds < i / (double)perSecond)
            {
                socket.Poll(1000, SelectMode.SelectError);
            }
        }
    }

    private static (EndPoint Sender, AnnounceMessage Announce) Hear(IPAddress own)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Any, Port));
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(IPAddress.Parse(Group), own));
        var buffer = new byte[2048];
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        while (true)
        {
            var length = socket.ReceiveFrom(buffer, ref from);
            if (AnnounceMessage.TryParse(buffer.AsSpan(0, length), out var announce, out _))
            {
                return (from, announce);
            }
        }
    }
}
