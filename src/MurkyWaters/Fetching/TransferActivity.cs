using System.Diagnostics;
using System.Globalization;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>The span of a transfer in a trace: a child of that of the request which began
/// it. None is made unless somebody exports.</summary>
internal static class TransferActivity
{
    private static readonly ActivitySource Source = new("PouringRain.Transfers");

    /// <summary>Begins it. What the caller does next is no part of it.</summary>
    public static Activity? Start(long number, ResourceId resource)
    {
        var parent = Activity.Current;
        var activity = Source.StartActivity("rain transfer", ActivityKind.Client)?
            .SetTag("rain.resource", resource.ToString()).SetTag("rain.transfer", number.ToString(CultureInfo.InvariantCulture));
        Activity.Current = parent;
        return activity;
    }

    /// <summary>Ends it, on whatever thread.</summary>
    public static void End(Activity? activity, TransferSnapshot transfer)
    {
        if (activity is null)
        {
            return;
        }

        activity.SetTag("rain.state", transfer.State).SetTag("rain.bytes", transfer.ReceivedBytes)
            .SetTag("rain.droplets", transfer.DropletsReceived)
            .SetTag("rain.overhead", transfer.Overhead).SetTag("rain.sources", transfer.Sources.Count)
            .SetTag("rain.verdict", transfer.Verdict)
            .SetStatus(transfer.State == "completed" ? ActivityStatusCode.Ok : ActivityStatusCode.Error);
        activity.Dispose();
    }
}
