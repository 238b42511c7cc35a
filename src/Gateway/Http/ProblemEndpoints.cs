using Gateway.Operations.Document;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gateway.Http;

/// <summary>What the type URIs of problems lead to.</summary>
internal static class ProblemEndpoints
{
    public static void MapProblems(this IEndpointRouteBuilder app) =>
        app.MapMethods("/problems/{name}", Methods.Read, Show).WithName("ShowProblem").WithTags("Operations").Fails(ProblemType.NotFound);

    /// <summary>Explains a type of problem</summary>
    /// <remarks>The type of a problem document is the path of this.</remarks>
    /// <response code="200">What it means, and whether to try again.</response>
    internal static Results<Ok<ProblemDescription>, Problem> Show(
        [Meaning("The last part of a problem's type.", "not-found")] string name) =>
        ProblemType.All.FirstOrDefault(type => type.Name == name) is { } type
            ? TypedResults.Ok(new ProblemDescription(type.Uri, type.Status, type.Title, type.IsRetryable))
            : new Problem(ProblemType.NotFound, $"There is no type of problem called {name}.");
}
