using PouringRain.Protocol;

namespace Simulation.Groups;

// Somebody who forges.
public sealed partial class GroupTrial
{
    private void DrawForger()
    {
        if (!_random.Chance(300_000))
        {
            return;
        }

        // Under a secret he has no say at all: what he sends is not even parsed.
        var kind = (Forgery)_random.Below(5);
        _notes.Add($"somebody forges: {kind}");
        _isLossless &= kind != Forgery.DropletsInItsName;
        _forger = new GroupForger(_world, PeerAddress.FromIPv4(0x0A00_00F0, 4000), _sender, _content, Id, kind, _random);
    }
}
