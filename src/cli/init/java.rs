//! Maven, Gradle and .NET.

use super::listing::Listing;
use super::proposal::{Check, Part, Proposal, Role, Validator};

pub(super) fn look(listing: &Listing, proposal: &mut Proposal) {
    maven(listing, proposal);
    gradle(listing, proposal);
    dotnet(listing, proposal);
}

fn maven(listing: &Listing, proposal: &mut Proposal) {
    const FILE: &str = "pom.xml";
    if !listing.has(FILE) {
        return;
    }
    proposal.found.push("Java (pom.xml)".to_owned());
    let program = if listing.has("mvnw") { "./mvnw" } else { "mvn" };
    let validator = Validator::Tests {
        run: format!("{program} -B -q test"),
        report: "target/surefire-reports/TEST-*.xml".to_owned(),
    };
    proposal.checks.push(Check::new(Part::Java, Role::Tests, "All tests pass", validator, FILE));
}

fn gradle(listing: &Listing, proposal: &mut Proposal) {
    let Some(file) = ["build.gradle", "build.gradle.kts"].into_iter().find(|file| listing.has(file)) else {
        return;
    };
    proposal.found.push(format!("Java or Kotlin ({file})"));
    let program = if listing.has("gradlew") { "./gradlew" } else { "gradle" };
    // Gradle skips tests whose inputs did not change, and then there is no new report.
    let validator = Validator::Tests {
        run: format!("{program} --no-daemon cleanTest test"),
        report: "build/test-results/test/TEST-*.xml".to_owned(),
    };
    proposal.checks.push(Check::new(Part::Java, Role::Tests, "All tests pass", validator, file));
}

fn dotnet(listing: &Listing, proposal: &mut Proposal) {
    let is_project = |file: &&String| [".csproj", ".fsproj", ".sln", ".slnx"].iter().any(|end| file.ends_with(end));
    let Some(file) = listing.files.iter().find(is_project) else {
        return;
    };
    proposal.found.push(format!(".NET ({file})"));
    let validator = Validator::command("dotnet test");
    proposal.checks.push(Check::new(Part::Dotnet, Role::Tests, "All tests pass", validator, file));
}
