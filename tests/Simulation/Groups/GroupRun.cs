using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace Simulation.Groups;

/// <summary>One sender, many receivers on links that each lose their own, and what that takes.</summary>
public sealed class GroupRun
{
    public static readonly PeerAddress Group = PeerAddress.FromIPv4(0xEF4D_0001, 7855);

    private static readonly ResourceId Id = new(77);

    private long _dropletsAtRestart;
    private int _heldAtRestart;

    public int Receivers { get; init; } = 32;

    public int LossPerMillion { get; init; }

    public int Megabits { get; init; } = 50;

    public int Bytes { get; init; } = 32 << 20;

    public int BlockBytes { get; init; } = 1 << 20;

    /// <summary>Whether the first blocks are small.</summary>
    public bool IsGrowing { get; init; }

    public ulong Seed { get; init; } = 1;

    public TimeSpan RoundTrip { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Whether the rate is found out; <see cref="Megabits"/> is then that of the sender's link, by which size / rate
    /// goes.</summary>
    public bool IsRateAutomatic { get; init; }

    /// <summary>Endless TCP flows (cubic) on the sender's link beside it.</summary>
    public int TcpFlows { get; init; }

    /// <summary>What somebody forges so many times a second.</summary>
    public int ForgedNeeds { get; init; }

    public Forgery Forged { get; init; } = Forgery.Needs;

    /// <summary>One receiver loses so much.</summary>
    public int WorstPerMillion { get; init; }

    /// <summary>One receiver's link is so many times slower.</summary>
    public int Slower { get; init; }

    /// <summary>When somebody comes late, as parts of size / rate.</summary>
    public double[] Joins { get; init; } = [];

    /// <summary>When one is killed, as a part of size / rate; 0 for never.</summary>
    public double Kill { get; init; }

    public bool IsSealed { get; init; }

    /// <summary>For very many receivers: symbols are short, rain at the pace of long ones and are counted as such.</summary>
    public bool IsScaled { get; init; }

    /// <summary>What TCP flows had of the link, until then.</summary>
    public double TcpShare { get; private set; }

    /// <summary>The rate at each tenth of a second, Mbit/s.</summary>
    public IReadOnlyList<double> Rates { get; private set; } = [];

    /// <summary>Until the last of those that nothing is the matter with had all, of size / rate.</summary>
    public double Time { get; private set; }

    /// <summary>What the sender had sent by then, all headers counted, of the size.</summary>
    public double Sent { get; private set; }

    /// <summary>Until the last of all had all.</summary>
    public double LastTime { get; private set; }

    public long Feedback { get; private set; }

    public GroupSenderSnapshot? SenderFigures { get; private set; }

    public GroupEndReason EndReason { get; private set; }

    /// <summary>Droplets that the one that was killed used after its restart, of the symbols that it lacked.</summary>
    public double RestartedTook { get; private set; }

    /// <summary>What else there is to say.</summary>
    public string Note { get; private set; } = "";

    public GroupRun Run()
    {
        // What grows is a power of two: blocks of 64 KiB have as many symbols of 88 bytes as those of 1 MiB have of 1408.
        const int usual = 1408;
        var scaled = IsGrowing ? 88 : 32;
        var symbolSize = IsScaled ? scaled : usual;
        var symbols = (BlockBytes + usual - 1) / usual;
        var blockBytes = !IsScaled ? BlockBytes : IsGrowing ? BlockBytes / 16 : symbols * scaled;
        var bytes = new byte[IsScaled ? (int)((long)Bytes * blockBytes / BlockBytes) : Bytes];
        var world = new SimWorld(Seed) { TimerLateness = TimeSpan.FromMicroseconds(100) };
        world.Random.Fill(bytes);
        world.Network.DefaultFaults = new LinkFaults { Delay = RoundTrip / 2 };
        var content = SimContent.Create(
            bytes, blockBytes: blockBytes, symbolSize: symbolSize, isGrowing: IsGrowing);
        byte[]? secret = IsSealed ? [.. "a secret"u8] : null;
        var sender = new SimGroupSender(
            world, PeerAddress.FromIPv4(0x0A00_0001, 1980),
            new GroupSenderOptions
            {
                Group = Group,
                RateBitsPerSecond = (IsRateAutomatic ? 10 : 1) * Megabits * 1_000_000L,
                IsRateAutomatic = IsRateAutomatic,
                TokenKey = new byte[32],
                RainPort = 1980,
                IsSealed = IsSealed,
                DropletBytesMore = usual - symbolSize,
                WindowBytes = 16L * blockBytes,
            },
            Id, content, secret is null ? null : new SimSeal(secret, world.Random));
        List<SimTcp> flows = IsRateAutomatic ? AddLink(world, sender) : [];
        using var forger = ForgedNeeds == 0 ? null : new GroupForger(
            world, PeerAddress.FromIPv4(0x0A00_00F0, 4000), sender, content, Id, Forged, world.Random,
            TimeSpan.FromSeconds(1) / ForgedNeeds);
        var rates = new List<double>();
        Rates = rates;
        var receivers = new List<SimGroupReceiver>();
        var others = new List<SimGroupReceiver>();
        var whole = (double)Bytes * 8 / (Megabits * 1e6);
        for (var i = 0; i < Receivers + Joins.Length; i++)
        {
            var index = i;
            if (i < Receivers)
            {
                Add(index);
            }
            else
            {
                world.After(TimeSpan.FromSeconds(Joins[i - Receivers] * whole), () => Add(index));
            }
        }

        var start = world.Now;
        world.Network.OnSent = (_, to, bytes) =>
            Feedback += to == sender.Address && (IsSealed || GroupFormat.IsGroupMessage(bytes.Span)) ? 1 : 0;
        if (Kill > 0)
        {
            PlanKill();
        }

        var isTold = false;
        world.RunUntil(
            () =>
            {
                if ((world.Now - start).TotalSeconds >= 0.1 * rates.Count)
                {
                    rates.Add(sender.Sender.Snapshot(world.Now).RateBitsPerSecond / 1e6);
                }

                if (!isTold && others.TrueForAll(static receiver => receiver.CompletedAt is not null))
                {
                    isTold = true;
                    Time = (world.Now - start).TotalSeconds / whole;
                    TcpShare = flows.Sum(flow => flow.Receiver.Bytes * (1500.0 / SimTcp.SegmentBytes)) * 8
                        / (Megabits * 1e6 * (world.Now - start).TotalSeconds);
                    Sent = (sender.Sender.Snapshot(world.Now).WireBytes + sender.UnicastBytes) / (double)Bytes;
                }

                return sender.Sender.EndReason != GroupEndReason.None;
            },
            TimeSpan.FromSeconds(whole * 20));
        if (Kill > 0)
        {
            var missing = (1 - (_heldAtRestart / (double)content.Manifest.Layout.BlockCount)) * content.Manifest.Layout.Length / symbolSize;
            var took = receivers[0].DropletsTaken - _dropletsAtRestart + receivers[0].DropletsByUnicast;
            RestartedTook = took / missing;
            Note = string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"it had {_heldAtRestart} of {content.Manifest.Layout.BlockCount} blocks and took {RestartedTook:F3} of what was missing");
        }

        var late = receivers.Count(static receiver => receiver.Fetches > 0);
        Note += late > 0 ? $"{late} had something by unicast" : "";
        LastTime = receivers.Max(receiver => ((receiver.CompletedAt ?? world.Now) - start).TotalSeconds) / whole;
        SenderFigures = sender.Sender.Snapshot(world.Now);
        EndReason = sender.Sender.EndReason;
        receivers.ForEach(static receiver => receiver.Dispose());
        flows.ForEach(static flow => flow.Dispose());
        return this;

        void Add(int index)
        {
            var receiver = new SimGroupReceiver(
                world, PeerAddress.FromIPv4(0x0A00_0100 + (uint)index, 7000), Group,
                new GroupReceiverOptions { Identity = new NodeId((ulong)(index + 1)) },
                secret is null ? null : new SimSeal(secret, world.Random))
            { ForgetsBytes = true };
            var isWorst = index == 0 && WorstPerMillion > 0;
            if (isWorst || LossPerMillion > 0)
            {
                world.Network.SetFaults(
                    sender.Address, receiver.Address,
                    new LinkFaults { Delay = RoundTrip / 2, LossPerMillion = isWorst ? WorstPerMillion : LossPerMillion });
            }

            if (index == 0 && Slower > 1)
            {
                receiver.Downlink.RateBytesPerSecond = Megabits * 125_000L / Slower;
                receiver.Downlink.QueueBytes = 100_000;
            }

            receivers.Add(receiver);
            if (!(index == 0 && (WorstPerMillion > 0 || Slower > 1 || Kill > 0)) && index < Receivers)
            {
                others.Add(receiver);
            }
        }

        void PlanKill() => world.After(TimeSpan.FromSeconds(Kill * whole), () =>
        {
            var receiver = receivers[0];
            receiver.Kill();
            world.After(TimeSpan.FromMilliseconds(500), () =>
            {
                _heldAtRestart = receiver.Disk.Count;
                _dropletsAtRestart = receiver.DropletsTaken;
                receiver.Restart();
            });
        });
    }

    /// <summary>The sender's link has a rate and a queue of 20 ms; what else goes over it.</summary>
    private List<SimTcp> AddLink(SimWorld world, SimGroupSender sender)
    {
        sender.Uplink = new SimPipe { RateBytesPerSecond = Megabits * 125_000L, QueueBytes = Megabits * 2500L };
        var flows = new List<SimTcp>();
        for (var i = 0U; i < TcpFlows; i++)
        {
            flows.Add(new SimTcp(
                world, PeerAddress.FromIPv4(0x0A00_1001 + i, 80), PeerAddress.FromIPv4(0xC0A8_0001 + i, 80), new SimCubic())
            { Uplink = sender.Uplink });
            flows[^1].Pump(world.Now);
        }

        return flows;
    }
}
