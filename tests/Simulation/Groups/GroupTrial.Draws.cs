using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace Simulation.Groups;

// What is drawn: the version, the sender, the receivers and their links, other streams, who forges.
public sealed partial class GroupTrial
{
    private static readonly PeerAddress SenderAddress = PeerAddress.FromIPv4(0x0A00_0001, 1980);

    private long _rateBitsPerSecond;
    private double _seconds, _limitSeconds;
    private int _eventsLeft, _wait;

    /// <summary>The sender's window: who holds less of it lacks what it had no room for.</summary>
    private long _windowBytes;
    private bool _isLossless = true, _hasRival, _hasNoWay, _hasRain;

    /// <summary>Whether who can reach the sender has a way to all blocks.</summary>
    private bool MustComplete => !_hasNoWay;

    private SimContent DrawContent(long stamp, SimRandom? random = null)
    {
        var draw = random ?? _random;
        var symbolSize = draw.Pick(64, 256, 1024, 1408);
        var blockBytes = Math.Max(symbolSize, draw.Pick(1, 4, 16, 47, 200) * symbolSize) - (int)draw.Below(symbolSize / 2);
        blockBytes = Math.Max(blockBytes, symbolSize);
        var blocks = draw.Pick(1, 3, 10, 40, 120);
        var length = draw.Chance(20_000) ? 0 : Math.Min((long)blockBytes * blocks, 3_000_000) - draw.Below(blockBytes);
        var isGrowing = symbolSize == 1408 && blocks == 40;
        if (isGrowing)
        {
            (blockBytes, length) = (1 << 16, Math.Min(length, 500_000));
        }

        var bytes = new byte[length];
        draw.Fill(bytes);
        var content = SimContent.Create(
            bytes, draw.Chance(200_000) ? "lt" : "raptorq", blockBytes, symbolSize, stamp, isGrowing);
        content.Random = draw;
        content.NotReadyPerMillion = draw.Chance(200_000) ? 200_000 : 0;
        _known[content.Manifest.Version] = content;
        return content;
    }

    private SimGroupSender DrawSender()
    {
        _hasNoWay = _random.Chance(50_000);
        var rounds = _hasNoWay ? 1 : _random.Pick(1, 1, 1, 2, 3, 0);
        var hasRain = _hasRain = !_hasNoWay && (rounds > 0 || _random.Chance(500_000));
        var rate = _rateBitsPerSecond = _random.Pick(2, 10, 50, 200) * 1_000_000L;
        _seconds = Math.Max(0.05, _content.Bytes.Length * 8.0 / rate);
        _limitSeconds = 120 + (30 * _seconds);
        _notes.Add($"{rate / 1_000_000} Mbit/s, rounds {rounds}{(hasRain ? "" : ", no unicast")}");
        var wait = _wait = _random.Chance(300_000) ? _random.Pick(1, 3) : 0;
        var clock = new SimClock();
        clock.Set(_world.Now, new Instant(_random.Below(1L << 50)), _random.Between(-100, 100));
        return new SimGroupSender(
            _world, SenderAddress,
            new GroupSenderOptions
            {
                Group = GroupRun.Group,
                RateBitsPerSecond = rate,
                TokenKey = DrawBytes(32),
                RainPort = hasRain ? SenderAddress.Port : (ushort)0,
                Rounds = rounds,
                WaitForReceivers = wait,
                WaitAtMost = TimeSpan.FromSeconds(2),
                IsSealed = _secret is not null,
                WindowBytes = _windowBytes = _random.Pick(2, 8, 32) * (long)_content.Manifest.Layout.BlockBytes,
            },
            Id, _content, NewSeal(), clock);
    }

    /// <summary>Another stream on the same group: of another resource, or of an older version of this one.</summary>
    private void DrawOthers()
    {
        if (!_random.Chance(250_000))
        {
            return;
        }

        var isOlder = _random.Chance(500_000);
        _hasRival = isOlder;
        _notes.Add(isOlder ? "an older version beside it" : "another resource beside it");
        var other = new SimGroupSender(
            _world, PeerAddress.FromIPv4(0x0A00_0002, 1980),
            new GroupSenderOptions
            {
                Group = GroupRun.Group,
                RateBitsPerSecond = 10_000_000,
                TokenKey = DrawBytes(32),
                RainPort = 1980,
                IsSealed = _secret is not null,
            },
            isOlder ? Id : OtherId, DrawContent(stamp: 500), NewSeal());
        _others.Add(other);
    }

    private void DrawReceivers()
    {
        var count = _random.Pick(1, 2, 3, 5, 8, 16);
        var faults = DrawFaults();
        for (var i = 0; i < count; i++)
        {
            var own = _random.Chance(200_000) ? DrawFaults() : faults;
            var index = i;
            if (_random.Chance(150_000))
            {
                _eventsLeft++;
                _notes.Add("one joins late");
                _isLossless = false;
                _world.After(TimeSpan.FromSeconds(_random.Below(1000) * 0.001 * _seconds), () =>
                {
                    _eventsLeft--;
                    AddReceiver(index, own);
                });
            }
            else
            {
                AddReceiver(index, own);
            }
        }
    }

    private void AddReceiver(int index, LinkFaults faults)
    {
        var filter = _others.Count > 0 || _random.Chance(500_000) ? Id : (ResourceId?)null;
        var isVersion = _hasRival || _random.Chance(300_000);
        var isOnGroup = !(_hasRain && _random.Chance(80_000));
        var layout = _content.Manifest.Layout;
        var receiver = new SimGroupReceiver(
            _world, PeerAddress.FromIPv4(0x0A00_0100 + (uint)index, 7000), GroupRun.Group,
            new GroupReceiverOptions
            {
                Identity = new NodeId((ulong)(index + 1)),
                Resource = filter,
                Version = isVersion ? _content.Manifest.Version : null,
                WindowBytesMax = _random.Pick(2, 8, 64, 1000) * (long)layout.BlockBytes,
                Sender = isOnGroup && _random.Chance(700_000) ? null : SenderAddress,
            },
            NewSeal(), isOnGroup: isOnGroup);
        receiver.WorkTime = _random.Chance(300_000) ? TimeSpan.FromTicks(_random.Below(200_000)) : TimeSpan.Zero;
        receiver.OnBlock = (block, bytes) => CheckBlock(receiver, block, Damage(bytes));
        if (!isOnGroup)
        {
            _notes.Add("one is deaf to the group");
        }

        _isLossless &= isOnGroup && faults is { LossPerMillion: 0, BurstPerMillion: 0, ReorderPerMillion: 0 }
            && faults.Jitter == TimeSpan.Zero && receiver.WindowBytesMax >= _windowBytes;
        _world.Network.SetFaults(SenderAddress, receiver.Address, faults);
        if (_random.Chance(100_000))
        {
            receiver.Downlink.RateBytesPerSecond = Math.Max(50_000, (long)(_content.Bytes.Length / _seconds / _random.Pick(1, 2, 5)));
            receiver.Downlink.QueueBytes = _random.Pick(5_000, 50_000);
            _isLossless = false;
            _notes.Add("one is slow");
        }

        if (_random.Chance(50_000))
        {
            receiver.DiskBlocks = (int)_random.Below(layout.BlockCount + 2);
            _notes.Add($"one has room for {receiver.DiskBlocks}");
        }

        if (_fault == GroupFault.CutOff && index == 0)
        {
            _world.Network.SetCut(receiver.Address, isCut: true);
        }

        DrawWifi(receiver);
        _receivers.Add(receiver);
        DrawEvents(receiver);
    }

    private void DrawEvents(SimGroupReceiver receiver)
    {
        if (_random.Chance(100_000))
        {
            var isForGood = _random.Chance(300_000);
            _notes.Add(isForGood ? "one dies" : "one starts again");
            _isLossless = false;
            _eventsLeft++;
            _world.After(TimeSpan.FromSeconds(_random.Below(1000) * 0.001 * _seconds), () =>
            {
                receiver.Kill();
                if (isForGood)
                {
                    _eventsLeft--;
                    _gone.Add(receiver);
                    return;
                }

                _world.After(TimeSpan.FromMilliseconds(_random.Below(2000)), () =>
                {
                    _eventsLeft--;
                    receiver.Restart();
                });
            });
        }
        else if (_random.Chance(100_000))
        {
            _notes.Add("one gets no processor for a while");
            _isLossless = false;
            _world.After(
                TimeSpan.FromSeconds(_random.Below(1000) * 0.001 * _seconds),
                () => receiver.Pause(TimeSpan.FromMilliseconds(_random.Below(300))));
        }
    }

    private LinkFaults DrawFaults() => new()
    {
        Delay = TimeSpan.FromTicks(_random.Pick(1000, 5000, 50_000)),
        Jitter = _random.Chance(300_000) ? TimeSpan.FromTicks(_random.Below(20_000)) : TimeSpan.Zero,
        LossPerMillion = _random.Pick(0, 0, 1000, 10_000, 50_000, 300_000),
        BurstPerMillion = _random.Chance(200_000) ? _random.Pick(1000, 10_000) : 0,
        DuplicatePerMillion = _random.Chance(300_000) ? 20_000 : 0,
        ReorderPerMillion = _random.Chance(300_000) ? 20_000 : 0,
    };

    private byte[] DrawBytes(int count)
    {
        var bytes = new byte[count];
        _random.Fill(bytes);
        return bytes;
    }

    private SimSeal? NewSeal() => _secret is null ? null : new SimSeal(_secret, _random);

    private ReadOnlyMemory<byte> Damage(ReadOnlyMemory<byte> bytes)
    {
        if (_fault != GroupFault.WrongByte)
        {
            return bytes;
        }

        var changed = bytes.ToArray();
        changed[^1] ^= 1;
        return changed;
    }
}
