using System.Diagnostics.CodeAnalysis;
using System.Net;
using MurkyWaters.Deploying;
using PouringRain.Network;
using static Gateway.Configuration.SettingForms;

namespace Gateway.Configuration;

/// <summary>Section <c>Deploy</c>.</summary>
internal sealed class DeployOptions(SettingsReader reader)
{
    public IReadOnlyList<IPEndPoint> Groups { get; } = reader.Read(
        "Deploy:Groups", "", MulticastGroups, "multicast groups on which this node listens for deployments, and rains them");

    public string Interface { get; } = reader.Read(
        "Deploy:Interface", "", InterfaceName, "the network interface of Deploy:Groups, by its name or an address of it");

    public int Hops { get; } = reader.Read(
        "Deploy:Hops", "1", Whole(0, 255), "routers that deployments on a group may pass, and one more");

    private static SettingForm<string> InterfaceName => new(
        "the name of a network interface, or an address of one,", "eth1",
        (string text, [MaybeNullWhen(false)] out string value) =>
            (value = text).Length <= 64 && text.All(c => c is > ' ' and < '\x7f' and not '/'));

    private static SettingForm<IReadOnlyList<IPEndPoint>> MulticastGroups => new(
        "a list of multicast addresses, each with a port, with commas", "239.77.0.1:7857,[ff15::7857]:7857",
        (string text, [MaybeNullWhen(false)] out IReadOnlyList<IPEndPoint> value) =>
        {
            value = [];
            return text.Length == 0
                || (EndPoints.Parse(text, out value) && value.All(group => group.Port != 0 && GroupAddresses.IsGroup(group.Address)));
        });

    /// <summary>What runs deployments gets.</summary>
    public DeployGroupOptions ToOptions() => new() { Groups = Groups, Interface = Interface, Hops = Hops };
}
