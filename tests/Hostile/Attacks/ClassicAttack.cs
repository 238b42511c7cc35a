using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Hostile.Http;
using Hostile.Machine;
using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace Hostile.Attacks;

/// <summary>Wire format 1, where a network is allowed it: it cannot check who asks, so whoever forges an address turns the rain on
/// it.</summary>
internal static class ClassicAttack
{
    private const int ResourceBytes = 4_000_000;
    private const int PropagateCount = 50;
    private const double Seconds = 12;
    private const double SecondsMax = 5;

    /// <summary>One resource, with what an original client needs beyond it and the headers.</summary>
    private const long BytesMax = 3L * ResourceBytes;

    public static Attack Attack { get; } = new(
        "classic", "wire format 1 allowed: three forged SUBSCRIBEs of 16 bytes; 50 forged PROPAGATEs, then a GET of an unknown id",
        IsQuick: false, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        var victim = await stage.StartAsync(new VictimSetup { Settings = ["Rain:Classic:Allow=127.0.0.0/8"] });
        using var user = new User(victim, limitSeconds: 60);
        await user.PutAsync(User.Resource(1), RandomNumberGenerator.GetBytes(ResourceBytes), stage.Cancellation);
        await user.PutAsync(User.Resource(2), RandomNumberGenerator.GetBytes(ResourceBytes), stage.Cancellation);
        Reflect(stage, victim);

        for (var i = 1; i <= PropagateCount; i++)
        {
            using var socket = Open(victim, $"127.0.2.{i}");
            var datagram = new byte[ClassicFormat.PropagateBytes];
            ClassicFormat.Write(new ClassicMessage(ClassicMessageType.Propagate, new ResourceId(1000 + (ulong)i), (ushort)(20_000 + i)),
                datagram);
            socket.Send(datagram);
        }

        await Task.Delay(500, stage.Cancellation);
        var answer = await user.GetAsync(User.Resource(999), stage.Cancellation);
        stage.Row(
            "50 forged PROPAGATEs: GET of an unknown id", $"{answer.Status} after {answer.Elapsed.TotalSeconds:F1} s", "404|504 within 5 s",
            answer.Status is 404 or 504 && answer.Elapsed.TotalSeconds <= SecondsMax);
        await Task.Delay(3000, stage.Cancellation);
        answer = await user.GetAsync(User.Resource(998), stage.Cancellation);
        stage.Row(
            "the same, later", $"{answer.Status} after {answer.Elapsed.TotalSeconds:F1} s", "404|504 within 5 s",
            answer.Status is 404 or 504 && answer.Elapsed.TotalSeconds <= SecondsMax);
    }

    private static void Reflect(Stage stage, Victim victim)
    {
        // Whoever forges an address needs one port of it; the attack is the same from the address itself.
        using var socket = Open(victim, "127.0.0.50");
        var datagram = new byte[1 << 16];
        for (var i = 0; i < 3; i++)
        {
            var length = ClassicFormat.Write(new ClassicMessage(ClassicMessageType.Subscribe, new ResourceId(1 + ((ulong)i % 2)), 0),
                datagram);
            socket.Send(datagram.AsSpan(0, length));
        }

        var clock = Stopwatch.StartNew();
        long bytes = 0;
        while (clock.Elapsed.TotalSeconds < Seconds && !stage.Cancellation.IsCancellationRequested)
        {
            if (socket.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead))
            {
                bytes += socket.Receive(datagram);
            }
        }

        stage.Row(
            "3 forged SUBSCRIBEs of 16 bytes, 4 MB", $"{bytes / 1e6:F1} MB to the address",
            FormattableString.Invariant($"{BytesMax / 1e6:F1} MB"), bytes <= BytesMax);
    }

    private static Socket Open(Victim victim, string address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 23 };
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        socket.Connect(victim.Rain);
        return socket;
    }
}
