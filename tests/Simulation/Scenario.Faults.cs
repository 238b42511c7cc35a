using PouringRain.Protocol;

namespace Simulation;

// What happens: to servers, to versions, to readers and their paths.
public sealed partial class Scenario
{
    private readonly HashSet<PeerAddress> _gone = [];
    private bool _hasLacks;

    private void DrawServerFaults()
    {
        foreach (var server in _servers)
        {
            for (var n = _random.Pick(0, 0, 1, 3); n > 0; n--)
            {
                DrawFault(server, DrawMoment(), isFirst: server == _servers[0]);
            }
        }
    }

    private TimeSpan DrawMoment() => TimeSpan.FromMilliseconds(_random.Pick(0, _random.Below(6000), _random.Below(6000)));

    private void DrawFault(SimServer server, TimeSpan at, bool isFirst)
    {
        var duration = TimeSpan.FromMilliseconds(_random.Pick(20, 300, 1500, 30_000));
        var end = Min(at + duration, FaultTime);
        switch (_random.Below(isFirst ? 5 : 7))
        {
            case 0 or 1:
                _world.After(at, server.Kill);
                _world.After(end, () => Restart(server));
                break;
            case 2:
                _world.After(at, () => _world.Network.SetCut(server.Address, true));
                _world.After(end, () => _world.Network.SetCut(server.Address, false));
                break;
            case 3:
                _world.After(at, () => server.Pause(Min(duration, TimeSpan.FromSeconds(2))));
                break;
            case 4:
                _world.After(at, () => JumpAhead(server));
                break;
            case 5:
                // It loses what it held, for good or for a while.
                _hasLacks = true;
                var held = server.Catalog.Find(Id);
                _world.After(at, () => server.Catalog.Remove(Id));
                if (held is not null && _random.Chance(500_000))
                {
                    _world.After(end, () => server.Catalog.Add(Id, held));
                }

                break;
            default:
                _gone.Add(server.Address);
                _world.After(at, server.Kill);
                break;
        }
    }

    private void Restart(SimServer server)
    {
        if (_gone.Contains(server.Address))
        {
            return;
        }

        // Keys live as long as the process; its clock may be another machine's.
        if (_random.Chance(500_000))
        {
            server.TokenKey = DrawKey();
        }

        if (_random.Chance(500_000))
        {
            SetClock(server.Clock);
        }

        server.Restart();
        server.Pump(_world.Now);
    }

    /// <summary>By as much as a busy machine is late, a suspended one; by so much that tokens are too old.</summary>
    private void JumpAhead(SimHost host)
    {
        host.Clock.Jump(_world.Now, TimeSpan.FromMilliseconds(_random.Pick(50, 2000, 11 * 60_000, 25 * 60_000, 3 * 86_400_000)));
        host.Pump(_world.Now);
    }

    /// <summary>The resource is replaced, once or several times, on all servers at once or on one after the other, most often just when
    /// a fetch begins.</summary>
    private void DrawReplacements(List<TimeSpan> starts)
    {
        var count = _random.Chance(400_000) ? _random.Pick(1, 1, 2, 4) : 0;
        if (count > 0 && _random.Chance(500_000))
        {
            // What was sent of one version comes when another is fetched.
            _world.Network.DefaultFaults = _world.Network.DefaultFaults with
            {
                ReorderPerMillion = 300_000,
                ReorderBy = TimeSpan.FromMilliseconds(_random.Pick(20, 60, 200)),
                EchoPerMillion = 300_000,
                EchoBy = TimeSpan.FromMilliseconds(_random.Pick(50, 300)),
            };
        }

        var roundTrip = _world.Network.DefaultFaults.Delay * 2;
        for (var i = 0; i < count; i++)
        {
            var stamp = 2000 + i;
            var newer = _random.Chance(700_000) ? DrawSuccessor(_newest, stamp)
                : _random.Chance(500_000) ? DrawContent(stamp)
                : Publish(SimContent.CreateTombstone(stamp));
            var at = _random.Chance(600_000)
                ? starts[(int)_random.Below(starts.Count)] + (roundTrip * (_random.Between(400, 3000) / 1000.0))
                    + TimeSpan.FromMilliseconds(_random.Pick(0, 5))
                : TimeSpan.FromMilliseconds(_random.Below(5000));
            at = Min(at, TimeSpan.FromSeconds(7));
            _world.After(at, () => _newest = newer.Manifest.IsNewerThan(_newest.Manifest) ? newer : _newest);
            var forgets = _random.Chance(500_000);
            var spread = _random.Pick(0, 0, 20, 500);
            foreach (var server in _servers)
            {
                if (server == _servers[0] || _random.Chance(600_000))
                {
                    var restarts = _random.Chance(300_000);
                    _world.After(
                        at + TimeSpan.FromMilliseconds(_random.Below(spread + 1)), () => Replace(server, newer, forgets, restarts));
                }
            }
        }
    }

    private void Replace(SimServer server, SimContent newer, bool forgets, bool restarts)
    {
        if (server.Catalog.Find(Id) is { } held && held.Manifest.IsNewerThan(newer.Manifest))
        {
            return;
        }

        if (forgets)
        {
            server.Catalog.Replace(Id, newer.Copy());
        }
        else
        {
            server.Catalog.Add(Id, newer.Copy());
        }

        if (restarts && server.IsUp)
        {
            server.Restart();
        }

        server.Pump(_world.Now);
    }

    private void DrawReaderFaults(SimClient client)
    {
        foreach (var server in _servers)
        {
            DrawPathFaults(client.Address, server.Address);
            DrawPathFaults(server.Address, client.Address);
            if (!client.Request.Servers.Contains(server.Address))
            {
                After(_random.Below(3000), () => client.Fetch.AddServer(client.LocalNow, server.Address));
            }
        }

        if (_random.Chance(200_000))
        {
            client.IsStalled = true;
            After(_random.Below(7000), () => client.IsStalled = false);
        }

        if (_random.Chance(100_000))
        {
            After(_random.Below(4000), () => client.Pause(TimeSpan.FromMilliseconds(_random.Pick(20, 300, 2000))));
        }

        if (_random.Chance(100_000))
        {
            After(_random.Below(4000), () => JumpAhead(client));
        }

        if (_random.Chance(50_000))
        {
            After(_random.Below(4000), () =>
            {
                client.WasCancelled = true;
                client.Fetch.Cancel(client.LocalNow, FetchEndReason.Cancelled);
            });
        }

        if (_random.Chance(20_000))
        {
            client.Keep = work => work.BlockIndex != 1;
        }

        if (_random.Chance(200_000))
        {
            var length = _newest.Manifest.Layout.Length;
            var (offset, count, isUrgent) = (_random.Below(length + 1), _random.Below(length + 1), _random.Chance(500_000));
            After(_random.Below(2000), () => client.Demand(offset, count, isUrgent));
        }

        if (_random.Chance(150_000))
        {
            var pattern = _random.Next();
            client.Held = [pattern, _random.Next(), 0, _random.Next()];
        }

        void After(long milliseconds, Action action) => _world.After(TimeSpan.FromMilliseconds(milliseconds), () =>
        {
            action();
            client.Pump(_world.Now);
        });
    }

    private void DrawPathFaults(PeerAddress from, PeerAddress to)
    {
        if (_random.Chance(200_000))
        {
            _world.Network.SetFaults(from, to, DrawLink());
        }

        if (_random.Chance(50_000))
        {
            _world.Network.SetCut(from, to, isCut: true);
            _world.After(TimeSpan.FromMilliseconds(_random.Pick(100, 2000, 8000)), () => _world.Network.SetCut(from, to, isCut: false));
        }
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
